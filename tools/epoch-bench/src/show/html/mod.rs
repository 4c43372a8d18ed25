// SPDX-License-Identifier: MIT OR Apache-2.0

//! Pages of results: one HTML file that needs neither a network nor other files, so that it can be
//! mailed.
//!
//! A [`Page`] declares the contents, [`Page::html`] renders the markup. Everything in a page is
//! plain text and is escaped, except plots and flame graphs, which are checked to be SVG files.

mod markup;
mod page;
mod svg;

pub use page::{
    Block, Column, Fact, Finding, Outcome, Page, Row, Section, Standing, Status, Table, Verdict,
};
pub use svg::{FlameGraph, Picture};
