// SPDX-License-Identifier: MIT OR Apache-2.0

//! SVG files that become part of a page.

use anyhow::{Context, Result, ensure};
use roxmltree::{Document, Node, ParsingOptions};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// A plot, which becomes part of the page's own markup.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Description for readers who cannot see the plot.
    pub label: String,
    svg: String,
}

impl Picture {
    /// Takes an SVG file without scripts, since they would run in the page.
    pub fn new(label: impl Into<String>, svg: &str) -> Result<Self> {
        let (svg, document) = parse(svg)?;
        let mut nodes = document.descendants();
        ensure!(
            nodes.all(|node| !runs(&node)),
            "it has scripts, which a plot may not have"
        );
        Ok(Self {
            label: label.into(),
            svg,
        })
    }

    pub(crate) fn svg(&self) -> &str {
        &self.svg
    }
}

/// An interactive SVG file as inferno writes them. Each has a document of its own, since their
/// scripts use the same names.
#[derive(Clone, Debug)]
pub struct FlameGraph {
    /// Title of the graph.
    pub title: String,
    /// Caption below the graph.
    pub caption: String,
    /// Name of the file to save the graph as.
    pub file_name: String,
    svg: String,
    height: u32,
}

impl FlameGraph {
    /// Takes the contents of such a file.
    pub fn new(
        title: impl Into<String>,
        caption: impl Into<String>,
        file_name: impl Into<String>,
        svg: &str,
    ) -> Result<Self> {
        let (svg, document) = parse(svg)?;
        let height = document.root_element().attribute("height");
        let height: f64 = height
            .and_then(|height| height.trim_end_matches("px").parse().ok())
            .context("it does not give its height in pixels")?;
        Ok(Self {
            title: title.into(),
            caption: caption.into(),
            file_name: file_name.into(),
            svg,
            height: height.ceil() as u32,
        })
    }

    pub(crate) fn svg(&self) -> &str {
        &self.svg
    }

    /// Returns the height in pixels; the width is that of the page.
    pub(crate) fn height(&self) -> u32 {
        self.height
    }
}

/// Returns the root element alone, since HTML has no XML declarations.
fn parse(svg: &str) -> Result<(String, Document<'_>)> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(svg, options).context("it is not an XML file")?;
    let root = document.root_element();
    ensure!(
        root.has_tag_name((NAMESPACE, "svg")),
        "it is not an SVG file"
    );
    Ok((svg[root.range()].to_owned(), document))
}

fn runs(node: &Node<'_, '_>) -> bool {
    let handlers = node.attributes().any(|attribute| {
        let name = attribute.name().to_ascii_lowercase();
        name.starts_with("on")
    });
    handlers || node.tag_name().name().eq_ignore_ascii_case("script")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str = r#"<?xml version="1.0"?>
        <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">
        <svg xmlns="http://www.w3.org/2000/svg" width="1200" height="70"><g/></svg>
        "#;

    #[test]
    fn the_root_element_is_kept() {
        let picture = Picture::new("", SVG).unwrap();
        assert!(picture.svg().starts_with("<svg ") && picture.svg().ends_with("</svg>"));
        let graph = FlameGraph::new("", "", "", SVG).unwrap();
        assert_eq!((graph.svg(), graph.height()), (picture.svg(), 70));
    }

    #[test]
    fn pictures_run_nothing() {
        for (what, with) in [
            ("<g/>", "<script>x()</script>"),
            ("<g/>", r#"<g onclick="x()"/>"#),
            ("width=", r#"onload="x()" width="#),
        ] {
            let svg = SVG.replace(what, with);
            let error = Picture::new("", &svg).unwrap_err();
            assert!(error.to_string().contains("scripts"), "{error}");
            FlameGraph::new("", "", "", &svg).unwrap();
        }
    }

    #[test]
    fn files_that_are_no_svg_are_refused() {
        for (svg, why) in [
            ("", "not an XML"),
            (&SVG[..SVG.len() / 2], "not an XML"),
            ("<html/>", "not an SVG"),
            (&SVG.replace("2000", "2001"), "not an SVG"),
            (&SVG.replace("height", "h"), "height in pixels"),
            (&SVG.replace("70", "100%"), "height in pixels"),
        ] {
            let error = FlameGraph::new("", "", "", svg).unwrap_err();
            assert!(error.to_string().contains(why), "{error:#}");
        }
    }
}
