// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `ministat`.

use std::path::PathBuf;

use clap::Args;
use ministat::Confidence;

use super::choices;

/// Options of `ministat`.
#[derive(Clone, Debug, Args)]
pub struct MinistatArgs {
    /// Files of numbers, one number per line; '-' or no file for standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Omit the plot
    #[arg(short = 'A')]
    pub no_plot: bool,

    /// Column that holds the numbers, counted from 1
    #[arg(short = 'C', value_name = "COLUMN", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub column: u32,

    /// Confidence level that a difference must reach, in percent: 80, 90, 95, 98, 99 or 99.5
    #[arg(short = 'c', value_name = "PERCENT", default_value = "95",
          value_parser = choices::confidence(), hide_possible_values = true)]
    pub confidence: Confidence,

    /// Characters that separate columns [default: space and tab]
    #[arg(short = 'd', value_name = "DELIMITERS", default_value = " \t", hide_default_value = true,
          allow_hyphen_values = true,
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub delimiters: String,

    /// Print only the statistics of each file: no plot, no comparison
    #[arg(short = 'n')]
    pub vitals_only: bool,

    /// Omit the names of the files and the heading of the statistics
    #[arg(short = 'q')]
    pub quiet: bool,

    /// Draw the bars of average, median and standard deviation on separate lines
    #[arg(short = 's')]
    pub separate_bars: bool,

    /// Width of the plot in columns [default: 74, or the width of the terminal]
    #[arg(short = 'w', value_name = "WIDTH",
          value_parser = clap::value_parser!(u32).range(
              ministat::MIN_WIDTH as i64..=ministat::MAX_WIDTH as i64))]
    pub width: Option<u32>,

    /// Print the output of the version of 2015, which Debian ships
    #[arg(long)]
    pub legacy_relative_error: bool,
}
