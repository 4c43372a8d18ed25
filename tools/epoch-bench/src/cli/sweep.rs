// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `sweep`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::sysfs::ALL;
use epoch_device::uapi;
use ministat::Confidence;

use super::{Given, MeasureArgs, PictureArgs};

/// Options of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// Which of them were given.
    #[command(flatten)]
    pub given: Given,

    /// Trackers to measure, up to nine; the first is the baseline. 'all' for
    /// all there are
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...", default_value = ALL)]
    pub trackers: Vec<String>,

    /// Numbers of workers to measure with [default: 1,2,4,... up to the CPUs
    /// that may be used]
    #[arg(long, short, value_delimiter = ',', value_name = "N,...",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Vec<u32>,

    /// Samples of each tracker with each number of workers that count
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(ministat::MIN_POINTS as i64..=100_000))]
    pub samples: u32,

    /// Samples before them that do not
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Confidence in percent of the intervals: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95")]
    pub confidence: Confidence,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Write the table to this file, too, as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// Go on with the interrupted sweep that --json wrote to this file, with
    /// what it was begun with; it is written to the same file
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,

    /// Where the curves are drawn.
    #[command(flatten)]
    pub pictures: PictureArgs,
}
