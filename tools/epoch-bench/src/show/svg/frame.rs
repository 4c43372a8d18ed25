// SPDX-License-Identifier: MIT OR Apache-2.0

//! Text around each plot: title, results, environment, and notes.

use anyhow::Result;
use host::environment::Environment;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::style::{Font, MARGIN, NOTE, NUMBER, TEXT_WIDTH, TITLE, VERDICT, WIDTH};
use super::words::{machine, plain};
use crate::show::comparison::CAVEAT;

/// Canvas of a plot, in pixels.
pub type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Text around a plot.
pub struct Frame<'a> {
    /// Title: the workload.
    pub title: String,
    /// Sentences with the results, under the title.
    pub verdict: Vec<String>,
    /// Results for readers who cannot see the plot.
    pub description: String,
    /// Environment of the measurement.
    pub environment: &'a Environment,
    /// Meaning of the plot's parts.
    pub legend: Vec<String>,
}

impl Frame<'_> {
    /// Returns the SVG with a plot of this height, which `plot` draws from its top on.
    pub fn draw(
        self,
        plot_height: i32,
        plot: impl FnOnce(&Canvas<'_>, i32) -> Result<()>,
    ) -> Result<String> {
        let title = plain(&self.title);
        let mut head = Paragraphs::default();
        head.push(&title, TITLE);
        head.space(6);
        for sentence in &self.verdict {
            head.push(&plain(sentence), VERDICT);
            head.space(5);
        }
        head.space(2);
        head.push(&plain(&machine(self.environment)), NOTE);
        head.space(20);
        head.push("Loops a second, all tasks together", NUMBER);
        let mut foot = Paragraphs::default();
        for sentence in &self.legend {
            foot.push(&plain(sentence), NOTE);
            foot.space(4);
        }
        foot.push(CAVEAT, NOTE);

        let plot_top = MARGIN + head.height;
        let foot_top = plot_top + plot_height;
        let height = foot_top + foot.height + MARGIN;
        let mut svg = String::new();
        {
            let size = (WIDTH, height as u32);
            let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            canvas.fill(&WHITE)?;
            head.draw(&canvas, MARGIN)?;
            plot(&canvas, plot_top)?;
            foot.draw(&canvas, foot_top)?;
            canvas.present()?;
        }
        Ok(with_description(&svg, &title, &plain(&self.description)))
    }
}

/// Lines of text from the top down.
#[derive(Default)]
struct Paragraphs {
    lines: Vec<(i32, String, Font)>,
    height: i32,
}

impl Paragraphs {
    fn push(&mut self, text: &str, font: Font) {
        let options = textwrap::Options::new(font.columns(TEXT_WIDTH))
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.lines.push((self.height, line.into_owned(), font));
            self.height += font.line_height();
        }
    }

    fn space(&mut self, pixels: i32) {
        self.height += pixels;
    }

    fn draw(self, canvas: &Canvas<'_>, top: i32) -> Result<()> {
        for (y, line, font) in self.lines {
            let style = font.style(HPos::Left, VPos::Top);
            canvas.draw(&Text::new(line, (MARGIN, top + y), style))?;
        }
        Ok(())
    }
}

/// Adds a title and a description for readers who cannot see the plot; plotters cannot.
fn with_description(svg: &str, title: &str, description: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (title, description) = (escape(title), escape(description));
    let described = format!(" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>\n");
    svg.replacen(">\n", &described, 1)
}

#[cfg(test)]
pub(crate) mod tests {
    /// Text of a plot, with wrapped lines joined.
    pub(crate) fn text(svg: &str) -> String {
        let texts = svg.split("<text").skip(1).map(|element| {
            let (_, element) = element.split_once('>').unwrap();
            element.split_once("</text>").unwrap().0.trim()
        });
        texts.collect::<Vec<_>>().join(" ")
    }
}
