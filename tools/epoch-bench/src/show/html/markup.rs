// SPDX-License-Identifier: MIT OR Apache-2.0

//! Markup of a page; the templates are in `templates/`.

use anyhow::{Context, Result};
use askama::Template;

use crate::show::html::page::{Block, Page, Section, Standing, Status};
use crate::show::html::svg::FlameGraph;

impl Page {
    /// Renders the page as HTML.
    pub fn html(&self) -> Result<String> {
        let template = PageTemplate { page: self };
        template.render().context("the page cannot be made")
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    page: &'a Page,
}

impl PageTemplate<'_> {
    fn blocks<'a>(&self, section: &'a Section) -> Blocks<'a> {
        Blocks {
            blocks: &section.blocks,
        }
    }
}

/// Blocks of a section, or within another block.
#[derive(Template)]
#[template(path = "blocks.html")]
struct Blocks<'a> {
    blocks: &'a [Block],
}

impl Blocks<'_> {
    fn within<'a>(&self, blocks: &'a [Block]) -> Blocks<'a> {
        Blocks { blocks }
    }

    /// Returns the document of a flame graph for an attribute in apostrophes: fully escaped like
    /// text, the file would be half as large again.
    fn document(&self, graph: &FlameGraph) -> askama::Result<String> {
        let document = FlameGraphDocument { graph }.render()?;
        Ok(document.replace('&', "&amp;").replace('\'', "&#39;"))
    }
}

/// Document of a single flame graph.
#[derive(Template)]
#[template(path = "flame-graph.html")]
struct FlameGraphDocument<'a> {
    graph: &'a FlameGraph,
}

impl Standing {
    fn class(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::NotProven => "not-proven",
            Self::Measured => "measured",
        }
    }

    /// Returns nothing if nothing was tested.
    fn words(self) -> &'static str {
        match self {
            Self::Proven => "difference proven",
            Self::NotProven => "no difference proven",
            Self::Measured => "",
        }
    }
}

impl Status {
    fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "Warning",
            Self::Missing => "Missing",
            Self::Unknown => "Unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::show::html::*;

    const EVIL: &str = "</script></style>\"'><script>x()</script>";
    const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\">\
                       <script>'\"&lt;\"'</script></svg>";

    /// A page in which every text is `text`.
    fn page(text: &str) -> Page {
        let text = || text.to_owned();
        let picture = SVG.replace("script", "g");
        let blocks = vec![
            Block::Text(text()),
            Block::Heading(text()),
            Block::List(vec![text()]),
            Block::Facts(vec![Fact {
                name: text(),
                value: text(),
            }]),
            Block::Table(Table {
                caption: text(),
                columns: vec![Column {
                    name: text(),
                    numeric: true,
                }],
                corner: text(),
                rows: vec![Row {
                    name: text(),
                    cells: vec![text()],
                }],
            }),
            Block::Listing {
                title: text(),
                text: text(),
            },
            Block::Command(text()),
            Block::Picture(Picture::new(text(), &picture).unwrap()),
            Block::FlameGraph(FlameGraph::new(text(), text(), text(), SVG).unwrap()),
            Block::Findings(vec![Finding {
                subject: text(),
                status: Status::Warn,
                found: text(),
                fix: Some(text()),
            }]),
        ];
        let standings = [Standing::Proven, Standing::NotProven, Standing::Measured];
        let verdict = |standing| Verdict {
            headline: text(),
            detail: text(),
            standing,
        };
        Page {
            title: text(),
            machine: text(),
            outcomes: vec![Outcome {
                about: text(),
                verdicts: standings.map(verdict).into(),
            }],
            warnings: vec![text()],
            caveats: vec![text()],
            sections: vec![Section {
                title: text(),
                blocks: vec![
                    Block::Folded {
                        title: text(),
                        blocks: blocks.clone(),
                    },
                    Block::Model {
                        title: text(),
                        blocks,
                    },
                ],
            }],
            generator: text(),
        }
    }

    #[test]
    fn text_is_not_markup() {
        let html = page(EVIL).html().unwrap();
        let tags = |html: &str| html.matches(['<', '>', '"']).count();
        assert_eq!(tags(&html), tags(&page("a").html().unwrap()));
        assert!(!html.contains(EVIL));
    }

    #[test]
    fn nothing_is_left_out() {
        let page = page(EVIL);
        let texts = format!("{page:?}").matches(&format!("{EVIL:?}")).count();
        let html = page.html().unwrap();
        let escaped = askama::filters::escape(EVIL, askama::filters::Html)
            .unwrap()
            .to_string();
        // A flame graph's title is in its own document, too.
        let shown = html.replace("&amp;#", "&#").matches(&escaped).count();
        assert!(shown >= texts, "{shown} of {texts}");
    }

    #[test]
    fn a_flame_graph_is_a_document_of_its_own() {
        let html = page("a").html().unwrap();
        let (_, frame) = html.split_once("srcdoc='").unwrap();
        let (frame, _) = frame.split_once('\'').unwrap();
        let frame = frame.replace("&#39;", "'").replace("&amp;", "&");
        assert!(frame.starts_with("<!DOCTYPE html>"), "{frame}");
        assert!(frame.ends_with(SVG), "{frame}");
        assert!(!html.contains(SVG));
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let html = page("a").html().unwrap();
        assert!(html.contains("default-src 'none'"));
        for elsewhere in [
            "https:",
            "<link rel=\"stylesheet",
            " src=",
            "@import",
            "url(",
        ] {
            assert!(!html.contains(elsewhere), "{elsewhere}");
        }
        // The namespace is a name, not an address to load.
        assert_eq!(
            html.matches("http:").count(),
            html.matches("http://www.w3.org/2000/svg").count()
        );
    }

    #[test]
    fn empty_section_has_no_heading() {
        let html = Page::default().html().unwrap();
        assert!(!html.contains("<h2 id=\"warnings\">"), "{html}");
        assert!(!html.contains("class=\"machine\""), "{html}");
    }

    #[test]
    fn commands_are_copied_as_they_are() {
        let mut page = Page::default();
        let blocks = vec![Block::Command("a  --b 'c d'".into())];
        page.sections.push(Section {
            title: EVIL.into(),
            blocks,
        });
        let html = page.html().unwrap();
        let (_, code) = html.split_once("<code>").unwrap();
        let (code, _) = code.split_once("</code>").unwrap();
        let text = code.replace("<span>", "").replace("</span>", "");
        assert_eq!(text, "a  --b &#39;c d&#39;");
    }
}
