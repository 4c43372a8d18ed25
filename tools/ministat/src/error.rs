// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors in data or options.

use std::fmt;

use crate::{MAX_DATASETS, MAX_WIDTH, MIN_POINTS, MIN_WIDTH};

/// Reason why there is no data set or no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A word on this line is not a number.
    InvalidData {
        /// Name of the data set.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Text in place of the number.
        found: String,
    },
    /// A point is infinite or not a number.
    NotFinite {
        /// Name of the data set.
        name: String,
    },
    /// Fewer than [`MIN_POINTS`] points.
    TooFewPoints {
        /// Name of the data set.
        name: String,
        /// Number of points.
        points: usize,
    },
    /// The data could not be read.
    Read {
        /// Name of the data set.
        name: String,
        /// Cause of the failure.
        source: std::io::Error,
    },
    /// No data set at all, or more than [`MAX_DATASETS`].
    DatasetCount(usize),
    /// The plot is too narrow or too wide.
    Width(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidData { name, line, found } => write!(
                f,
                "invalid data on line {line} in {name}: '{found}' is not a number; \
                 correct it, or name the column with -C and the delimiters with -d"
            ),
            Self::NotFinite { name } => write!(
                f,
                "{name} holds a value that is infinite or not a number: remove it"
            ),
            Self::TooFewPoints { name, points } => write!(
                f,
                "data set {name} has {points} data points and needs at least {MIN_POINTS}: \
                 take more samples"
            ),
            Self::Read { name, .. } => write!(f, "cannot read {name}"),
            Self::DatasetCount(count) => write!(
                f,
                "{count} data sets given: 1 to {MAX_DATASETS} can be reported at a time"
            ),
            Self::Width(width) => write!(
                f,
                "a plot {width} columns wide cannot be drawn: choose {MIN_WIDTH} to {MAX_WIDTH}, \
                 or leave the plot out"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}
