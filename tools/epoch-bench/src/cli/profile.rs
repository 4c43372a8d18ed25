// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `profile`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;
use epoch_device::uapi;

use super::{OptionsArgs, choices};

/// Options of `profile`.
#[derive(Clone, Debug, Args)]
pub struct ProfileArgs {
    /// Trackers to profile, one or two; of two, the first is the baseline [default: the tracker
    /// selected in sysfs; none with --where user]
    #[arg(num_args = 0..=2, value_name = "TRACKER",
          value_parser = choices::tracker(), hide_possible_values = true)]
    pub trackers: Vec<String>,

    /// Event to sample, by perf's name of it, or UNHALTED_CORE_CYCLES
    #[arg(long, short, value_name = "EVENT", default_value = "cycles")]
    pub event: String,

    /// Sampling frequency on each CPU, in samples per second
    #[arg(long, short = 'F', value_name = "HZ", default_value_t = 997,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub frequency: u32,

    /// Duration of the profile of each tracker, in seconds
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,

    /// Number of concurrent workers (tasks) [default: one per allowed CPU]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Measurement options.
    #[command(flatten)]
    pub options: OptionsArgs,

    /// Mechanism that hooks calls with --where user and a tracker [default: syscall if a tracker
    /// sleeps, else the setting of hook/mechanism; on x86-64 kretprobe instead of fprobe, where
    /// possible]
    #[arg(long, value_name = "MECHANISM", value_parser = choices::mechanism())]
    pub mechanism: Option<Mechanism>,

    /// Output directory; created if missing
    #[arg(long, short, value_name = "DIR", default_value = "profile")]
    pub out: PathBuf,

    /// Also keep perf's recordings, as perf-TRACKER.data for perf report; readable as long as this
    /// kernel runs with these modules
    #[arg(long)]
    pub keep_data: bool,
}
