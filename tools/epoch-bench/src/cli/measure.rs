//! What the measuring commands have in common.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::testcase::Testcase;
use crate::uapi;

/// Where the workload runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In the kernel, through /dev/epoch_bench
    #[default]
    Kernel,
    /// In user space, as mmap and munmap system calls; trackers take part by way
    /// of the hook, and none without --tracker
    User,
}

impl Where {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::User => "user",
        }
    }
}

/// Options that every measurement has.
#[derive(Clone, Debug, Args, Deserialize, Serialize)]
pub struct MeasureArgs {
    /// What each worker does
    #[arg(long, value_enum, default_value_t)]
    pub testcase: Testcase,

    /// Pages that testcase mmap1-touch writes to [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,

    /// Use threads of one process instead of processes
    #[arg(long)]
    pub threads: bool,

    /// Where the workload runs
    #[arg(long, value_enum, default_value_t)]
    pub r#where: Where,

    /// Page daemons that wait for pages beside the tasks, and are not counted
    #[arg(long, value_name = "W", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..i64::from(uapi::MAX_WORKERS)))]
    pub waiters: u32,

    /// Waits a second of each page daemon; 0 for one after the other [default: 100]
    #[arg(long, value_name = "R",
          value_parser = clap::value_parser!(u32).range(0..=i64::from(uapi::MAX_RATE)))]
    pub wait_rate: Option<u32>,

    /// Keys that pages have: a wait is for the pages of one of them [default: 256]
    #[arg(long, value_name = "K",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_KEYS)))]
    pub keys: Option<u32>,

    /// Let the scheduler choose CPUs; otherwise each task is bound to one, a
    /// CPU of each core first, then the SMT siblings, then from the beginning
    #[arg(long, short = 'n')]
    pub no_affinity: bool,

    /// Length of a sample in milliseconds; rates are per second regardless
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub interval_ms: u64,

    /// Write everything measured to this file, too
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub json: Option<PathBuf>,
}
