// SPDX-License-Identifier: MIT OR Apache-2.0

//! The files that a result is drawn to.

use std::path::Path;

use anyhow::Result;
use epoch_results::destination::Destination;

use super::setup::open_destination;
use crate::cli::PictureArgs;

/// Those that the command line names.
pub struct Pictures {
    svg: Option<Destination>,
    png: Option<Destination>,
}

impl PictureArgs {
    /// Each option, and the file it names.
    pub fn named(&self) -> [(&'static str, Option<&Path>); 2] {
        [
            ("--svg", self.svg.as_deref()),
            ("--png", self.png.as_deref()),
        ]
    }
}

impl Pictures {
    /// Makes sure that they can be written.
    pub fn open(args: &PictureArgs) -> Result<Self> {
        let [svg, png] = args
            .named()
            .map(|(option, path)| open_destination(option, path));
        Ok(Self {
            svg: svg?,
            png: png?,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.svg.is_none() && self.png.is_none()
    }

    /// The files, each with its option.
    pub fn destinations(&self) -> impl Iterator<Item = (&'static str, &Destination)> {
        let svg = self.svg.iter().map(|svg| ("--svg", svg));
        svg.chain(self.png.iter().map(|png| ("--png", png)))
    }

    /// Draws what `draw` makes, as SVG; one file is not given up because the
    /// other cannot be written.
    pub fn deliver(self, draw: impl FnOnce() -> Result<String>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let picture = draw()?;
        let drawn = self.svg.map_or(Ok(()), |svg| {
            svg.write(|out| Ok(out.write_all(picture.as_bytes())?))
        });
        let rendered = self.png.map_or(Ok(()), |png| {
            let pixels = epoch_figures::png(&picture)?;
            png.write(|out| Ok(out.write_all(&pixels)?))
        });
        drawn.and(rendered)
    }
}
