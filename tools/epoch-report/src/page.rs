// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is on a page.

use crate::svg::{FlameGraph, Picture};

/// The whole page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// Where and when it was measured, in a line.
    pub place: String,
    /// What came out, first of all.
    pub outcomes: Vec<Outcome>,
    /// Why the outcomes should be doubted.
    pub warnings: Vec<String>,
    /// What is to be borne in mind whatever came out.
    pub caveats: Vec<String>,
    /// Everything else.
    pub sections: Vec<Section>,
    /// What made the page.
    pub generator: String,
}

/// What came out of one measurement.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was measured.
    pub about: String,
    /// Its verdicts.
    pub verdicts: Vec<Verdict>,
}

/// A result in words.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The result, short enough to be shown large.
    pub headline: String,
    /// Its spread, how many samples it is of, and how sure it is.
    pub detail: String,
    /// Whether it is proven.
    pub standing: Standing,
}

/// Whether a verdict is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A test says that there is a difference.
    Proven,
    /// A test found no difference.
    NotProven,
    /// Nothing was tested.
    Measured,
}

/// A part of the page, with an entry in its table of contents.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A heading below the section's.
    Heading(String),
    /// Sentences below each other.
    List(Vec<String>),
    /// Names and values.
    Facts(Vec<Fact>),
    /// Rows and columns.
    Table(Table),
    /// Lines of fixed-width characters, which are never wrapped.
    Listing {
        /// What they are.
        title: String,
        /// The lines.
        text: String,
    },
    /// A shell command, with a button that copies it.
    Command(String),
    /// A picture.
    Picture(Picture),
    /// A flame graph that can be zoomed and searched.
    FlameGraph(FlameGraph),
    /// What was looked at, and how it is.
    Findings(Vec<Finding>),
    /// What is hidden until its title is clicked, or the page is printed.
    Folded {
        /// What it is.
        title: String,
        /// What is hidden.
        blocks: Vec<Block>,
    },
    /// What must not be taken for a measurement.
    Model {
        /// What it is instead.
        title: String,
        /// What it says.
        blocks: Vec<Block>,
    },
}

/// A name and a value.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Rows and columns.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The columns after the first, which names the rows.
    pub columns: Vec<Column>,
    /// What stands above the rows' names.
    pub corner: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// Whether it holds numbers, which stand below each other.
    pub numeric: bool,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its heading.
    pub name: String,
    /// A cell for each column.
    pub cells: Vec<String>,
}

/// Something that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How something is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Warn,
    /// Not there.
    Missing,
    /// Not to be found out.
    Unknown,
}
