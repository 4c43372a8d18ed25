// SPDX-License-Identifier: MIT OR Apache-2.0

//! Flame graphs: interactive SVG files that can be searched and zoomed.

use std::io::Write;

use anyhow::{Context, Result};
use inferno::differential;
use inferno::flamegraph::color::MultiPalette;
use inferno::flamegraph::{self, Options, Palette};

use crate::perf::fold::Stacks;

/// Narrowest frame that is drawn, in percent of the width. Frames of a tenth of a pixel stay
/// invisible when zoomed, and would be half of a file.
const MIN_WIDTH_PERCENT: f64 = 0.01;

/// Factor of the counts, since normalized counts are rounded down to integers. With this many
/// parts of a sample, the loss is negligible; of a single sample, nothing would be left, and
/// everything rare would be red.
const PARTS: u64 = 1000;

/// Text above a flame graph.
#[derive(Clone, Debug)]
pub struct Caption {
    /// Title of the flame graph.
    pub title: String,
    /// Environment and method of the measurement.
    pub subtitle: String,
}

/// Draws where the time goes: the width of a frame is its number of samples.
pub fn draw(stacks: &Stacks, caption: &Caption, out: impl Write) -> Result<()> {
    let text = stacks.to_text(1);
    flamegraph::from_lines(&mut options(caption), text.lines(), out)
        .context("the flame graph cannot be drawn")
}

/// Draws the difference of `after` from `before`: frames are as wide as in `after`. Functions are
/// red where they themselves have a larger part of all samples than in `before`, and blue where
/// they have a smaller one. Functions that only `before` has are missing: they are in the opposite
/// graph.
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
    // Frames without any width would affect the scale of the colours, and leave the others pale.
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
    // A function has the same colour in all graphs.
    options.deterministic = true;
    options.min_width = MIN_WIDTH_PERCENT;
    options
}
