// SPDX-License-Identifier: MIT OR Apache-2.0

//! Contents of a page.

use crate::show::html::svg::{FlameGraph, Picture};

/// A whole page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Title of the page.
    pub title: String,
    /// Environment and date of the measurement, in one line.
    pub machine: String,
    /// Results, shown first.
    pub outcomes: Vec<Outcome>,
    /// Reasons to doubt the results.
    pub warnings: Vec<String>,
    /// Notes that apply whatever the results.
    pub caveats: Vec<String>,
    /// Sections with the details.
    pub sections: Vec<Section>,
    /// Name of the program that generated the page.
    pub generator: String,
}

/// Result of one measurement.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The measured workload.
    pub about: String,
    /// Verdicts on it.
    pub verdicts: Vec<Verdict>,
}

/// A result in words.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The result, short enough to be shown large.
    pub headline: String,
    /// Spread, number of samples, and confidence of the result.
    pub detail: String,
    /// State of the proof.
    pub standing: Standing,
}

/// State of the proof of a verdict.
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
    /// Heading of the section.
    pub title: String,
    /// Contents of the section.
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
        /// Title of the listing.
        title: String,
        /// The lines.
        text: String,
    },
    /// A shell command, with a button that copies it.
    Command(String),
    /// A plot.
    Picture(Picture),
    /// A flame graph that can be zoomed and searched.
    FlameGraph(FlameGraph),
    /// Results of checks.
    Findings(Vec<Finding>),
    /// Blocks that are hidden until the title is clicked, or the page is printed.
    Folded {
        /// Title of the hidden blocks.
        title: String,
        /// The hidden blocks.
        blocks: Vec<Block>,
    },
    /// A model, marked as no measurement.
    Model {
        /// Title, which calls it a model.
        title: String,
        /// Contents of the model.
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

/// A table with row and column headings.
#[derive(Clone, Debug)]
pub struct Table {
    /// Caption of the table.
    pub caption: String,
    /// The columns after the first, which names the rows.
    pub columns: Vec<Column>,
    /// Heading of the column of rows' names.
    pub corner: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Heading of the column.
    pub name: String,
    /// True if the column holds numbers, which are aligned right.
    pub numeric: bool,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Heading of the row.
    pub name: String,
    /// A cell for each column.
    pub cells: Vec<String>,
}

/// Result of a check.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Subject of the check.
    pub subject: String,
    /// State of the subject.
    pub status: Status,
    /// Observation.
    pub found: String,
    /// Suggested fix.
    pub fix: Option<String>,
}

/// State of a checked subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Correct.
    Ok,
    /// Needs attention.
    Warn,
    /// Missing.
    Missing,
    /// Unknown, since it could not be checked.
    Unknown,
}
