// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `export`.

use std::path::PathBuf;

use clap::Args;

use super::choices;
use crate::show::export::Format;

/// Options of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// File written by 'run --json', 'compare --json' or 'sweep --json'; '-' for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Format of another tool
    #[arg(long, short, value_name = "FORMAT", value_parser = choices::format())]
    pub format: Format,

    /// Only this tracker [default: all; will-it-scale's format takes one]
    #[arg(long, value_parser = choices::tracker(), hide_possible_values = true)]
    pub tracker: Option<String>,

    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
