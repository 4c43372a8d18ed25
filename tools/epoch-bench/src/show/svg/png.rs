// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plots as PNG, for where SVG cannot be used.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Family, Query};
use resvg::usvg::{Options, Tree};

/// Pixels for each of the plot's own, so that it is sharp on high-resolution screens.
const SCALE: f32 = 2.0;

/// Fonts that are about as wide as those that the plots are laid out for; the first installed one
/// is used.
const FAMILIES: [&str; 6] = [
    "Helvetica",
    "Arial",
    "Liberation Sans",
    "Nimbus Sans",
    "Noto Sans",
    "DejaVu Sans",
];

/// Renders one of our plots as PNG, twice as wide and as high as the SVG.
///
/// Needs an installed font: without any, the text would be missing, so that this is an error.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    draw(svg, fonts)
}

fn draw(svg: &str, mut fonts: Database) -> Result<Vec<u8>> {
    let family = family(&fonts).context(
        "there is no font to write with: install one (Debian: 'apt-get install \
         fonts-dejavu-core'), or take --svg and turn it into PNG elsewhere ('epoch-bench draw')",
    )?;
    fonts.set_sans_serif_family(&family);
    fonts.set_serif_family(family);
    let options = Options {
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).context("the plot is not SVG: this is a bug")?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let size = size.context("the plot has no size: this is a bug")?;
    let mut pixels = Pixmap::new(size.width(), size.height())
        .context("there is no memory for the plot's pixels: free some")?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    let png = pixels.encode_png()?;
    ensure!(!png.is_empty(), "the plot is empty: this is a bug");
    Ok(png)
}

fn family(fonts: &Database) -> Option<String> {
    let installed = |family: &str| {
        let query = Query {
            families: &[Family::Name(family)],
            ..Query::default()
        };
        fonts.query(&query).is_some()
    };
    let known = FAMILIES.into_iter().find(|family| installed(family));
    known.map(String::from).or_else(|| {
        let face = fonts.faces().find(|face| !face.monospaced)?;
        Some(face.families.first()?.0.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::svg::comparison;
    use epoch_results::examples::published;

    #[test]
    fn without_a_font_nothing_is_drawn() {
        let svg = comparison(&published()).unwrap();
        let error = draw(&svg, Database::new()).unwrap_err().to_string();
        assert!(error.contains("fonts-dejavu-core"), "{error}");
    }

    /// Runs only where fonts are installed, as in the build root.
    #[test]
    fn words_leave_ink() {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        if fonts.is_empty() {
            assert!(png("<svg/>").is_err());
            return;
        }
        let svg = |text: &str| {
            format!(
                "<svg width='200' height='40' xmlns='http://www.w3.org/2000/svg'>\
                 <rect width='200' height='40' fill='white'/>\
                 <text x='5' y='30' font-family='Helvetica, Arial, sans-serif' \
                 font-size='20'>{text}</text></svg>"
            )
        };
        let ink = |text: &str| {
            let pixels = Pixmap::decode_png(&png(&svg(text)).unwrap()).unwrap();
            assert_eq!((pixels.width(), pixels.height()), (400, 80));
            let dark = pixels.pixels().iter().filter(|pixel| pixel.red() < 128);
            dark.count()
        };
        assert_eq!(ink(" "), 0);
        assert!(ink("epoch epoch") > ink("epoch") && ink("epoch") > 100);
    }

    #[test]
    fn a_comparison_can_be_drawn() {
        let svg = comparison(&published()).unwrap();
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        let drawn = png(&svg);
        assert_eq!(drawn.is_ok(), !fonts.is_empty());
        assert!(drawn.is_err() || drawn.unwrap().starts_with(b"\x89PNG"));
    }
}
