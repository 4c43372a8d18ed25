// SPDX-License-Identifier: MIT OR Apache-2.0

//! Pages of results: one HTML file that needs neither a network nor other files, so that it can be
//! mailed.
//!
//! A [`Page`] declares the contents, [`Page::html`] renders the markup. Everything in a page is
//! plain text and is escaped, except plots and flame graphs, which are checked to be SVG files.
//!
//! ```
//! use epoch_report::{Block, Outcome, Page, Section, Standing, Verdict};
//!
//! let page = Page {
//!     title: "mutex and epoch".into(),
//!     outcomes: vec![Outcome {
//!         about: "mmap1, 96 processes".into(),
//!         verdicts: vec![Verdict {
//!             headline: "epoch is 3.52x mutex".into(),
//!             detail: "+252.0% +/- 1.1% at 95% confidence (N=5 each)".into(),
//!             standing: Standing::Proven,
//!         }],
//!     }],
//!     sections: vec![Section {
//!         title: "Samples".into(),
//!         blocks: vec![Block::Text("See for yourself.".into())],
//!     }],
//!     ..Page::default()
//! };
//! assert!(page.html()?.contains("epoch is 3.52x mutex"));
//! # Ok::<(), anyhow::Error>(())
//! ```

mod html;
mod page;
mod svg;

pub use page::{
    Block, Column, Fact, Finding, Outcome, Page, Row, Section, Standing, Status, Table, Verdict,
};
pub use svg::{FlameGraph, Picture};
