// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `sweep`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::sysfs::ALL;
use epoch_device::uapi;
use ministat::Confidence;

use super::{Given, MeasureArgs, PictureArgs, choices};

/// Options of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// Options given on the command line.
    #[command(flatten)]
    pub given: Given,

    /// Trackers to measure, up to nine; the first is the baseline. 'all' selects all available
    /// trackers
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...", default_value = ALL,
          value_parser = choices::trackers(), hide_possible_values = true)]
    pub trackers: Vec<String>,

    /// Numbers of concurrent workers (tasks) to measure [default: 1,2,4,... up to the number of
    /// allowed CPUs]
    #[arg(long, short, value_delimiter = ',', value_name = "N,...",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Vec<u32>,

    /// Measured samples per tracker and number of workers
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(ministat::MIN_POINTS as i64..=100_000))]
    pub samples: u32,

    /// Warmup samples per tracker and number of workers, taken first and not counted
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Confidence level of the intervals, in percent: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95",
          value_parser = choices::confidence(), hide_possible_values = true)]
    pub confidence: Confidence,

    /// Measurement options.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Also write the table to this file as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// Resume the interrupted sweep that --json wrote to this file, with its settings; the results
    /// go to the same file, unless --json names another
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,

    /// Files to plot the curves to.
    #[command(flatten)]
    pub pictures: PictureArgs,
}
