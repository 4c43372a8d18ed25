// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sizes, colours and fonts that all pictures have.

use epoch_results::compare::MAX_TRACKERS;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Narrow, so that the text is still legible when the picture is shrunk.
pub const WIDTH: u32 = 720;
/// Around everything.
pub const MARGIN: i32 = 24;
/// Between the margins.
pub const TEXT_WIDTH: i32 = WIDTH as i32 - 2 * MARGIN;
/// The part with the dots.
pub const PLOT_HEIGHT: i32 = 360;
/// Room for the numbers at the axis.
pub const AXIS_WIDTH: i32 = 62;

/// Between two numbers below an axis, at least.
pub const TICK_GAP: i32 = 8;

/// Okabe and Ito's colours, which the colour-blind can tell apart, without
/// the yellow, which is pale on white; and Tol's wine and sand.
pub const COLOURS: [RGBColor; MAX_TRACKERS] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
    RGBColor(136, 34, 85),
    RGBColor(180, 160, 90),
];
/// What is to be read first.
pub const INK: RGBColor = RGBColor(26, 26, 26);
/// What is to be read then.
pub const PALE_INK: RGBColor = RGBColor(85, 85, 85);
/// Lines behind the data.
pub const GRID: RGBColor = RGBColor(221, 221, 221);

/// Text of one size.
#[derive(Clone, Copy)]
pub struct Font {
    pixels: i32,
    bold: bool,
    colour: RGBColor,
}

/// What was measured.
pub const TITLE: Font = Font::new(19, INK).bold();
/// What came out.
pub const VERDICT: Font = Font::new(16, INK);
/// Trackers.
pub const NAME: Font = Font::new(15, INK).bold();
/// Axes and values.
pub const NUMBER: Font = Font::new(15, INK);
/// Everything else.
pub const NOTE: Font = Font::new(14, PALE_INK);

impl Font {
    /// Of this height.
    const fn new(pixels: i32, colour: RGBColor) -> Self {
        Self {
            pixels,
            bold: false,
            colour,
        }
    }

    /// The same in bold.
    const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// As plotters has it, with its anchor at this side.
    pub fn style(self, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
        /// The SVG backend divides every size by it.
        const BACKEND_SCALE: f64 = 1.24;
        let slant = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let family = FontFamily::Name("Helvetica, Arial, sans-serif");
        FontDesc::new(family, f64::from(self.pixels) * BACKEND_SCALE, slant)
            .color(&self.colour)
            .pos(Pos::new(horizontal, vertical))
    }

    /// From one line to the next.
    pub fn line_height(self) -> i32 {
        self.pixels * 4 / 3
    }

    /// Characters that fit into so many pixels.
    pub fn columns(self, pixels: i32) -> usize {
        (f64::from(pixels) / self.character_width()) as usize
    }

    /// Pixels that a text needs.
    pub fn width(self, text: &str) -> i32 {
        (text.chars().count() as f64 * self.character_width()).ceil() as i32
    }

    /// Which font the reader has is unknown; this holds for the wide ones.
    fn character_width(self) -> f64 {
        f64::from(self.pixels) * if self.bold { 0.68 } else { 0.54 }
    }
}
