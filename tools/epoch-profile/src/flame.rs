// SPDX-License-Identifier: MIT OR Apache-2.0

//! Flame graphs: interactive SVG files, with a search and a zoom of their own.

use std::io::Write;

use anyhow::{Context, Result};
use inferno::differential;
use inferno::flamegraph::color::MultiPalette;
use inferno::flamegraph::{self, Options, Palette};

use crate::fold::Stacks;

/// Narrowest frame that is drawn, in percent of the width. Zooming makes no
/// more of what is a tenth of a pixel, and it is half of a file.
const MIN_WIDTH_PERCENT: f64 = 0.01;

/// Normalized counts are rounded down to integers. Of so many parts of a sample,
/// that is no loss; of a single sample, nothing would be left, and all that is
/// rare would be red.
const PARTS: u64 = 1000;

/// What stands above a picture.
#[derive(Clone, Debug)]
pub struct Caption {
    /// What it shows.
    pub title: String,
    /// Where that was measured, and how.
    pub subtitle: String,
}

/// Draws where the time goes: frames are as wide as they have samples.
pub fn draw(stacks: &Stacks, caption: &Caption, out: impl Write) -> Result<()> {
    let text = stacks.to_text(1);
    flamegraph::from_lines(&mut options(caption), text.lines(), out)
        .context("the flame graph cannot be drawn")
}

/// Draws in what `after` differs from `before`: frames are as wide as in
/// `after`. Functions are red where they themselves have a larger part of all
/// samples than in `before`, and blue where they have a smaller one. What only
/// `before` has is not there: the opposite picture has it.
///
/// See Brendan Gregg, "Differential Flame Graphs", 2014.
pub fn draw_difference(
    before: &Stacks,
    after: &Stacks,
    caption: &Caption,
    out: impl Write,
) -> Result<()> {
    let normalized = differential::Options {
        normalize: true,
        strip_hex: false,
    };
    let mut lines = Vec::new();
    let texts = [before, after].map(|stacks| stacks.to_text(PARTS));
    let [first, second] = texts.each_ref().map(String::as_bytes);
    differential::from_readers(normalized, first, second, &mut lines)
        .context("the two runs cannot be compared")?;
    let lines = String::from_utf8(lines).context("the two runs cannot be compared")?;
    // Frames without any width would take part in the scale of the colours, and
    // leave the others pale.
    let drawn = lines.lines().filter(|line| {
        let stack = line.rsplitn(3, ' ').last();
        stack.is_some_and(|stack| after.have(stack))
    });
    let mut options = options(caption);
    options.factor = 1.0 / PARTS as f64;
    flamegraph::from_lines(&mut options, drawn, out)
        .context("the differential flame graph cannot be drawn")
}

fn options(caption: &Caption) -> Options<'static> {
    let mut options = Options::default();
    options.title = caption.title.clone();
    options.subtitle = Some(caption.subtitle.clone());
    // The kernel's C is yellow, its Rust blue.
    options.colors = Palette::Multi(MultiPalette::Rust);
    // A function has the same colour in all pictures.
    options.deterministic = true;
    options.min_width = MIN_WIDTH_PERCENT;
    options
}
