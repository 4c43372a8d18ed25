// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics and output of FreeBSD's ministat, byte for byte.
//!
//! ```
//! use ministat::{Dataset, Options, report};
//!
//! let before = Dataset::new("before", vec![10.0, 11.0, 12.0])?;
//! let after = Dataset::new("after", vec![20.0, 21.0, 22.0])?;
//! let text = report(&[before, after], &Options::default())?;
//! assert!(text.contains("Difference at 95.0% confidence\n"));
//! # Ok::<(), ministat::Error>(())
//! ```
//!
//! There are two editions, see [`Edition`]. Where the original's behaviour is undefined, this
//! crate returns an [`Error`] instead: a plot less than [`MIN_WIDTH`] columns wide, and points
//! that are not finite.

mod cformat;
mod compare;
mod dataset;
mod error;
mod plot;
mod report;
mod student;

pub use cformat::general;
pub use compare::{Difference, compare};
pub use dataset::{Dataset, Input};
pub use error::Error;
pub use plot::{MAX_WIDTH, MIN_WIDTH};
pub use report::{Options, report};
pub use student::{Confidence, UnknownConfidence};

/// Most data sets in one report.
pub const MAX_DATASETS: usize = 7;

/// Fewest points in a data set.
pub const MIN_POINTS: usize = 3;

/// Width of the plot when the output is not a terminal.
pub const DEFAULT_WIDTH: usize = 74;

/// Version of ministat to reproduce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// FreeBSD's of today: the relative error takes the reference's own
    /// spread into account, the median of an even number of points is the mean
    /// of the two in the middle, and the variance is computed from the distances
    /// to the mean.
    #[default]
    Current,
    /// The version of 2015-07-15, which Debian ships: the relative error is
    /// the absolute one as a percentage of the reference's average, the median
    /// of an even number of points is the upper of the two in the middle, and
    /// the variance is the difference of two sums, so that rounding can spoil it,
    /// or make it negative, which gives `-nan`.
    Legacy,
}

/// Symbols of the data sets in the plot and in the table, in their order. Where points of several
/// sets coincide, the plot shows the symbol whose number is the bitwise or of theirs.
pub(crate) const SYMBOLS: [char; MAX_DATASETS + 1] = [' ', 'x', '+', '*', '%', '#', '@', 'O'];
