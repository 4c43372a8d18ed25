// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `run`.

use clap::Args;
use epoch_device::uapi;

use super::MeasureArgs;

/// Options of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Tracker to measure; without it, the one that is selected
    #[arg(long)]
    pub tracker: Option<String>,

    /// Workers at the same time
    #[arg(long, short, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: u32,

    /// Samples that count
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,

    /// Samples before them that do not
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Print each task's share
    #[arg(long, short)]
    pub verbose: bool,

    /// How to measure.
    #[command(flatten)]
    pub measure: MeasureArgs,
}
