// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `compare` and `draw`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgGroup, Args};
use epoch_device::uapi;
use epoch_results::record::MAX_TRACKERS;
use host::error::usage;
use ministat::Confidence;

use super::{MeasureArgs, choices};

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// Trackers to compare, two to nine; the first is the baseline. 'all' selects all available
    /// trackers, with --mechanism fprobe or kretprobe only those that do not sleep
    #[arg(required = true, num_args = 1..=MAX_TRACKERS, value_name = "TRACKER",
          value_parser = choices::trackers(), hide_possible_values = true)]
    pub trackers: Vec<String>,

    /// Number of concurrent workers (tasks) [default: one per allowed CPU]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Measured samples per tracker; with --until, at most [default: 10; with --until 1000]
    #[arg(long, short, value_name = "S",
          value_parser = clap::value_parser!(u32).range(ministat::MIN_POINTS as i64..=100_000))]
    pub samples: Option<u32>,

    /// Stop when the ratios are known to this many percent, after ten samples at least
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with = "repeats")]
    pub until: Option<f64>,

    /// Warmup samples per tracker, taken first and not counted
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Comparisons of a tracker with itself, if the same tracker is named twice, to measure the
    /// rate of false positives [default: 20]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub repeats: Option<u32>,

    /// Confidence level that a difference must reach, in percent: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95",
          value_parser = choices::confidence(), hide_possible_values = true)]
    pub confidence: Confidence,

    /// Also test whether each tracker is within this many percent of the baseline: that no
    /// difference is proven does not prove that there is none
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub within: Option<f64>,

    /// Measurement options.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Files to plot the result to.
    #[command(flatten)]
    pub pictures: PictureArgs,
}

/// Reads a percentage above 0 and below 100, with or without its sign.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|percent| *percent > 0.0 && *percent < 100.0)
        .ok_or_else(|| "it is no percentage above 0 and below 100".into())
}

/// Files to plot a result to.
#[derive(Clone, Debug, Args)]
pub struct PictureArgs {
    /// Plot the result to this file as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Plot the result to this file as PNG; needs librsvg's rsvg-convert
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
}

/// Default number of comparisons of a tracker with itself.
const REPEATS: u32 = 20;

impl CompareArgs {
    /// Returns the number of samples, or the most of them.
    pub fn samples(&self) -> usize {
        let default = if self.until.is_some() { 1000 } else { 10 };
        self.samples.unwrap_or(default) as usize
    }

    /// Returns the number of comparisons after the first one: 0 unless a tracker is compared with
    /// itself.
    pub fn repeats(&self) -> Result<usize> {
        let itself = matches!(&self.trackers[..], [one, other] if one == other);
        if !itself && self.repeats.is_some() {
            return Err(usage(
                "--repeats is for a tracker that is compared with itself: name one twice, as in \
                 'compare epoch epoch', or leave it out",
            ));
        }
        let comparisons = if itself {
            self.repeats.unwrap_or(REPEATS)
        } else {
            1
        };
        Ok(comparisons as usize - 1)
    }
}

/// Options of `draw`.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("picture").args(["svg", "png"]).required(true).multiple(true)))]
pub struct DrawArgs {
    /// File written by 'compare --json' or 'sweep --json'; '-' for standard input
    #[arg(value_name = "FILE")]
    pub report: PathBuf,

    /// Files to plot the result to.
    #[command(flatten)]
    pub pictures: PictureArgs,
}
