// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of every measurement.

use anyhow::Result;
use clap::Args;
use epoch_device::testcase::Testcase;
use epoch_device::uapi;
use epoch_results::record::{Options, Where};
use host::error::usage;
use host::memory::page_bytes;

use super::choices;

/// Options of every measurement.
#[derive(Clone, Debug, Args)]
pub struct OptionsArgs {
    /// Work that each task does in a loop
    #[arg(long, default_value = Testcase::default().name(), value_parser = choices::testcase())]
    pub testcase: Testcase,

    /// Pages that testcase mmap1-touch writes to [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,

    /// Use threads of one process instead of processes
    #[arg(long)]
    pub threads: bool,

    /// Run the workload in the kernel or in user space
    #[arg(long, default_value = Where::default().name(), value_parser = choices::location())]
    pub r#where: Where,

    /// Tasks that wait for pages while the workers run; their waits are not iterations
    #[arg(long, value_name = "W", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..i64::from(uapi::MAX_WORKERS)))]
    pub waiters: u32,

    /// Waits a second of each page daemon; 0 to wait continuously [default: 100]
    #[arg(long, value_name = "R",
          value_parser = clap::value_parser!(u32).range(0..=i64::from(uapi::MAX_RATE)))]
    pub wait_rate: Option<u32>,

    /// Number of keys that pages have; a wait is for the pages of one key [default: 256]
    #[arg(long, value_name = "K",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(uapi::MAX_KEYS)))]
    pub keys: Option<u32>,

    /// Let the scheduler choose CPUs; otherwise each task is bound to one: first to a CPU of each
    /// core, then to SMT siblings, then from the beginning again
    #[arg(long, short = 'n')]
    pub no_affinity: bool,

    /// Length of a sample in milliseconds; rates are per second regardless
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(10..=3_600_000))]
    pub interval_ms: u64,
}

/// Refuses meaningless combinations of options.
pub fn check(options: &Options) -> Result<()> {
    let testcase = options.testcase.name();
    if options.r#where == Where::User {
        if options.testcase == Testcase::Di {
            return Err(usage(format!(
                "testcase {testcase} exists only in the kernel: leave out --where user"
            )));
        }
        if options.waiters > 0 || options.keys.is_some() {
            return Err(usage(
                "page daemons and keys exist only in the kernel: leave out --where user, or \
                 --waiters and --keys",
            ));
        }
    }
    if let Some(pages) = options.pages {
        if options.testcase != Testcase::Mmap1Touch {
            return Err(usage(format!(
                "--pages has no effect on testcase {testcase}: add --testcase mmap1-touch, or \
                 leave it out"
            )));
        }
        let most = uapi::DEFAULT_BYTES / page_bytes()? as u64;
        if u64::from(pages) > most {
            return Err(usage(format!(
                "--pages {pages} is more than the mapping has: take at most {most}"
            )));
        }
    }
    if options.waiters == 0 {
        if options.wait_rate.is_some() {
            return Err(usage("--wait-rate has no effect without --waiters: add it"));
        }
        if options.keys.is_some() && !options.testcase.has_pages() {
            return Err(usage(format!(
                "--keys has no effect on testcase {testcase} without --waiters: add it"
            )));
        }
    }
    Ok(())
}

impl From<&OptionsArgs> for Options {
    fn from(args: &OptionsArgs) -> Self {
        Self {
            testcase: args.testcase,
            pages: args.pages,
            threads: args.threads,
            r#where: args.r#where,
            waiters: args.waiters,
            wait_rate: args.wait_rate,
            keys: args.keys,
            no_affinity: args.no_affinity,
            interval_ms: args.interval_ms,
        }
    }
}
