// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `profile`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;
use epoch_device::uapi;
use epoch_results::options::Options;

/// Options of `profile`.
#[derive(Clone, Debug, Args)]
pub struct ProfileArgs {
    /// Trackers to profile, one or two; of two, the first is the baseline.
    /// Without, the one that is selected
    #[arg(num_args = 0..=2, value_name = "TRACKER")]
    pub trackers: Vec<String>,

    /// Event to count, by perf's name of it, or UNHALTED_CORE_CYCLES
    #[arg(long, short, value_name = "EVENT", default_value = "cycles")]
    pub event: String,

    /// Samples a second on each CPU
    #[arg(long, short = 'F', value_name = "HZ", default_value_t = 997,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub frequency: u32,

    /// How long to profile each tracker
    #[arg(long, short, value_name = "S", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,

    /// Workers at the same time [default: one for each CPU that may be used]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// How to measure.
    #[command(flatten)]
    pub options: Options,

    /// How to hook calls with --where user and a tracker [default: syscall if a
    /// tracker sleeps, else as hook/mechanism says; on x86-64 kretprobe instead
    /// of fprobe, where it can be]
    #[arg(long, value_enum, value_name = "MECHANISM")]
    pub mechanism: Option<Mechanism>,

    /// Folder to write to; it is made where it is missing
    #[arg(long, short, value_name = "DIR", default_value = "profile")]
    pub out: PathBuf,

    /// Keep what perf recorded, too, as perf-TRACKER.data: for perf report, as
    /// long as this kernel runs with these modules
    #[arg(long)]
    pub keep_data: bool,
}
