//! Options of `compare` and `draw`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::uapi;
use ministat::Confidence;

use super::MeasureArgs;

/// Options of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    /// Trackers to compare, two to seven; the first is the baseline. 'all' for
    /// all there are; with --where user without those that sleep
    #[arg(required = true, num_args = 1..=ministat::MAX_DATASETS, value_name = "TRACKER")]
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

    /// Confidence in percent that a difference must reach: 80, 90, 95, 98, 99 or 99.5
    #[arg(long, short, value_name = "PERCENT", default_value = "95")]
    pub confidence: Confidence,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,

    /// Draw the comparison to this file, too, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Options of `draw`.
#[derive(Clone, Debug, Args)]
pub struct DrawArgs {
    /// File that 'compare --json' or 'sweep --json' wrote; '-' for standard input
    #[arg(value_name = "FILE")]
    pub report: PathBuf,

    /// File to draw it to, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: PathBuf,
}
