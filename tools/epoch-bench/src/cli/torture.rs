// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `torture`.

use std::path::PathBuf;

use clap::Args;
use epoch_device::sysfs::ALL;
use epoch_device::uapi;

/// Options of `torture`.
#[derive(Clone, Debug, Args)]
pub struct TortureArgs {
    /// Trackers to torture. 'all' for all there are but 'none', which cannot wait
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...", default_value = ALL)]
    pub trackers: Vec<String>,

    /// How long each tracker is tortured; with --switch-ms, all of them together
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub seconds: u64,

    /// Workers that open blocks [default: two for each CPU that may be used]
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_WORKERS)))]
    pub tasks: Option<u32>,

    /// Workers that wait for pages, one wait after the other
    #[arg(long, value_name = "W", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(1..i64::from(uapi::MAX_WORKERS)))]
    pub waiters: u32,

    /// Keys that pages have; the fewer, the more often a wait meets a block
    /// [default: 256]
    #[arg(long, value_name = "K",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_KEYS)))]
    pub keys: Option<u32>,

    /// Go over to the next tracker every so many milliseconds, under load,
    /// instead of torturing one after the other
    #[arg(long, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub switch_ms: Option<u64>,

    /// Write everything counted to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
