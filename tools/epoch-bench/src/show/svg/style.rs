// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sizes, colours and fonts of all plots.

use epoch_results::record::MAX_TRACKERS;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width of a plot: narrow, so that the text is still legible when the plot is shrunk.
pub const WIDTH: u32 = 720;
/// Margin around everything.
pub const MARGIN: i32 = 24;
/// Width between the margins.
pub const TEXT_WIDTH: i32 = WIDTH as i32 - 2 * MARGIN;
/// Height of the part with the dots.
pub const PLOT_HEIGHT: i32 = 360;
/// Width of the numbers at the axis.
pub const AXIS_WIDTH: i32 = 62;

/// Least distance between two numbers below an axis.
pub const TICK_GAP: i32 = 8;

/// Okabe and Ito's colours, which the colour-blind can distinguish, without the yellow, which is
/// pale on white; and Tol's wine and sand.
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
/// Colour of the main text.
pub const INK: RGBColor = RGBColor(26, 26, 26);
/// Colour of secondary text.
pub const PALE_INK: RGBColor = RGBColor(85, 85, 85);
/// Colour of the lines behind the data.
pub const GRID: RGBColor = RGBColor(221, 221, 221);

/// A font of one size and colour.
#[derive(Clone, Copy)]
pub struct Font {
    pixels: i32,
    bold: bool,
    colour: RGBColor,
}

/// Font of the title.
pub const TITLE: Font = Font::new(19, INK).bold();
/// Font of the results.
pub const VERDICT: Font = Font::new(16, INK);
/// Font of trackers' names.
pub const NAME: Font = Font::new(15, INK).bold();
/// Font of axes and values.
pub const NUMBER: Font = Font::new(15, INK);
/// Font of everything else.
pub const NOTE: Font = Font::new(14, PALE_INK);

impl Font {
    /// Creates a font of this height.
    const fn new(pixels: i32, colour: RGBColor) -> Self {
        Self {
            pixels,
            bold: false,
            colour,
        }
    }

    /// Returns the font in bold.
    const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Returns the font as a plotters style, with its anchor at this side.
    pub fn style(self, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
        /// Factor by which the SVG backend divides every size.
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

    /// Returns the distance from one line to the next.
    pub fn line_height(self) -> i32 {
        self.pixels * 4 / 3
    }

    /// Returns the number of characters that fit into this many pixels.
    pub fn columns(self, pixels: i32) -> usize {
        (f64::from(pixels) / self.character_width()) as usize
    }

    /// Returns the width of a text in pixels.
    pub fn width(self, text: &str) -> i32 {
        (text.chars().count() as f64 * self.character_width()).ceil() as i32
    }

    /// Returns the width of a character. The reader's font is unknown; this holds for wide ones.
    fn character_width(self) -> f64 {
        f64::from(self.pixels) * if self.bold { 0.68 } else { 0.54 }
    }
}
