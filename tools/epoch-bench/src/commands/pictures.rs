// SPDX-License-Identifier: MIT OR Apache-2.0

//! Output files of plots.

use std::path::Path;

use anyhow::Result;
use host::destination::Destination;

use super::setup::open_destination;
use crate::cli::PictureArgs;

/// Output files that the command line names.
pub struct Pictures {
    svg: Option<Destination>,
    png: Option<Destination>,
}

impl PictureArgs {
    /// Returns each option, and the file it names.
    pub fn named(&self) -> [(&'static str, Option<&Path>); 2] {
        [
            ("--svg", self.svg.as_deref()),
            ("--png", self.png.as_deref()),
        ]
    }
}

impl Pictures {
    /// Opens the files, and so checks that they can be written; and that PNG can be drawn.
    pub fn open(args: &PictureArgs) -> Result<Self> {
        if args.png.is_some() {
            crate::show::svg::check_png()?;
        }
        let [svg, png] = args
            .named()
            .map(|(option, path)| open_destination(option, path));
        Ok(Self {
            svg: svg?,
            png: png?,
        })
    }

    /// Returns whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.svg.is_none() && self.png.is_none()
    }

    /// Returns the files, each with its option.
    pub fn destinations(&self) -> impl Iterator<Item = (&'static str, &Destination)> {
        let svg = self.svg.iter().map(|svg| ("--svg", svg));
        svg.chain(self.png.iter().map(|png| ("--png", png)))
    }

    /// Writes the SVG that `draw` returns, and a PNG of it. Each is written even if the other
    /// cannot be.
    pub fn deliver(self, draw: impl FnOnce() -> Result<String>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let picture = draw()?;
        let drawn = self.svg.map_or(Ok(()), |svg| {
            svg.write(|out| Ok(out.write_all(picture.as_bytes())?))
        });
        let rendered = self.png.map_or(Ok(()), |png| {
            let pixels = crate::show::svg::png(&picture)?;
            png.write(|out| Ok(out.write_all(&pixels)?))
        });
        drawn.and(rendered)
    }
}
