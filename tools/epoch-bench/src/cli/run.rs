// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `run`.

use clap::Args;
use epoch_device::uapi;

use super::{MeasureArgs, choices};

/// Options of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Tracker to measure [default: the tracker selected in sysfs; none with --where user]
    #[arg(long, value_parser = choices::tracker(), hide_possible_values = true)]
    pub tracker: Option<String>,

    /// Number of concurrent workers (tasks)
    #[arg(long, short, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: u32,

    /// Measured samples
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,

    /// Warmup samples, taken first and not counted
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub warmup: u32,

    /// Also print the share of each task
    #[arg(long, short)]
    pub verbose: bool,

    /// Measurement options.
    #[command(flatten)]
    pub measure: MeasureArgs,
}
