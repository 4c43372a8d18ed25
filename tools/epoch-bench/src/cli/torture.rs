// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `torture`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::sysfs::ALL;
use epoch_device::uapi;

use super::choices;

/// Options of `torture`.
#[derive(Clone, Debug, Args)]
pub struct TortureArgs {
    /// Trackers to torture. 'all' selects all available trackers but 'none', which cannot wait
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...", default_value = ALL,
          value_parser = choices::trackers(), hide_possible_values = true)]
    pub trackers: Vec<String>,

    /// Duration of the test for each tracker, in seconds; with --switch-ms, for all together
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub seconds: u64,

    /// Number of workers that open blocks [default: two per allowed CPU]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Number of workers that wait for pages, one wait right after the other
    #[arg(long, value_name = "W", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(1..i64::from(uapi::MAX_WORKERS)))]
    pub waiters: u32,

    /// Number of keys that pages have; the fewer, the more often a wait meets a block [default:
    /// 256]
    #[arg(long, value_name = "K",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_KEYS)))]
    pub keys: Option<u32>,

    /// Switch to the next tracker after this many milliseconds, under load, instead of torturing
    /// one tracker after the other
    #[arg(long, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub switch_ms: Option<u64>,

    /// Also write all counts to this file as JSON; - is standard output, and text goes to stderr
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
