// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `compare` and `draw`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgGroup, Args};
use epoch_device::error::usage;
use epoch_device::uapi;
use epoch_results::compare::MAX_TRACKERS;
use ministat::Confidence;

use super::MeasureArgs;

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// Trackers to compare, two to nine; the first is the baseline. 'all' for
    /// all there are; with --mechanism fprobe or kretprobe without those that
    /// sleep
    #[arg(required = true, num_args = 1..=MAX_TRACKERS, value_name = "TRACKER")]
    pub trackers: Vec<String>,

    /// Workers at the same time [default: one for each CPU that may be used]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Samples of each tracker that count
    #[arg(long, short, value_name = "S", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(ministat::MIN_POINTS as i64..=100_000))]
    pub samples: u32,

    /// Samples of each tracker before them that do not
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Comparisons of a tracker with itself, where the same one is named twice,
    /// to see how often a difference is called proven that is none [default: 20]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub repeats: Option<u32>,

    /// Confidence in percent that a difference must reach: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95")]
    pub confidence: Confidence,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Where it is drawn.
    #[command(flatten)]
    pub pictures: PictureArgs,
}

/// Files that a result is drawn to.
#[derive(Clone, Debug, Args)]
pub struct PictureArgs {
    /// Draw the result to this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Draw the result to this file, as PNG; needs a font on this machine
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
}

/// Comparisons of a tracker with itself, unless the command line says otherwise.
const REPEATS: u32 = 20;

impl CompareArgs {
    /// How many more comparisons there are after the first one: none, unless a
    /// tracker is compared with itself.
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
    /// File that 'compare --json' or 'sweep --json' wrote; '-' for standard input
    #[arg(value_name = "FILE")]
    pub report: PathBuf,

    /// Where it is drawn.
    #[command(flatten)]
    pub pictures: PictureArgs,
}
