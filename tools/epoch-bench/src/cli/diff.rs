// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `diff`.

use std::path::PathBuf;

use clap::Args;
use ministat::Confidence;

use super::choices;

/// Options of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// File of before, written by 'run --json', 'compare --json' or 'sweep --json'
    #[arg(value_name = "OLD")]
    pub before: PathBuf,

    /// File of now, of the same load
    #[arg(value_name = "NEW")]
    pub after: PathBuf,

    /// More files of before, of other boots if possible
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub old: Vec<PathBuf>,

    /// More files of now, of other boots if possible
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub new: Vec<PathBuf>,

    /// Confidence level that a difference must reach, in percent: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95",
          value_parser = choices::confidence(), hide_possible_values = true)]
    pub confidence: Confidence,
}
