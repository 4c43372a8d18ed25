// SPDX-License-Identifier: MIT OR Apache-2.0

//! Command-line options of all measurements.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use epoch_device::error::usage;
use epoch_device::orders::Mix;
use epoch_device::testcase::Testcase;
use epoch_device::uapi;
use host::memory::page_bytes;
use host::topology;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workload::{Carrier, Where, Workload};

/// Default of `--wait-rate`: waits a second of each page daemon.
const WAIT_RATE: u32 = 100;

/// Options of every measurement.
#[derive(Clone, Debug, Args, Deserialize, JsonSchema, Serialize)]
pub struct Options {
    /// Work that each task does in a loop
    #[arg(long, value_enum, default_value_t)]
    pub testcase: Testcase,

    /// Pages that testcase mmap1-touch writes to [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,

    /// Use threads of one process instead of processes
    #[arg(long)]
    pub threads: bool,

    /// Run the workload in the kernel or in user space
    #[arg(long, value_enum, default_value_t)]
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

impl Options {
    /// Refuses meaningless combinations of options.
    pub fn check(&self) -> Result<()> {
        let testcase = self.testcase.name();
        if self.r#where == Where::User {
            if self.testcase == Testcase::Di {
                return Err(usage(format!(
                    "testcase {testcase} exists only in the kernel: leave out --where user"
                )));
            }
            if self.waiters > 0 || self.keys.is_some() {
                return Err(usage(
                    "page daemons and keys exist only in the kernel: leave out --where user, or \
                     --waiters and --keys",
                ));
            }
        }
        if let Some(pages) = self.pages {
            if self.testcase != Testcase::Mmap1Touch {
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
        if self.waiters == 0 {
            if self.wait_rate.is_some() {
                return Err(usage("--wait-rate has no effect without --waiters: add it"));
            }
            if self.keys.is_some() && !self.testcase.has_pages() {
                return Err(usage(format!(
                    "--keys has no effect on testcase {testcase} without --waiters: add it"
                )));
            }
        }
        Ok(())
    }

    /// Returns the carrier of the tasks: processes or threads.
    pub fn carrier(&self) -> Carrier {
        if self.threads {
            Carrier::Threads
        } else {
            Carrier::Processes
        }
    }

    /// Returns the length of a sample.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// Returns the page daemons that run alongside the tasks, if any.
    pub fn mix(&self) -> Option<Mix> {
        (self.waiters > 0).then(|| Mix {
            waiters: self.waiters as usize,
            wait_rate: self.wait_rate.unwrap_or(WAIT_RATE),
        })
    }

    /// Describes the workload of this many tasks, and binds each task to a CPU.
    pub fn workload(&self, tasks: usize) -> Result<Workload> {
        let cpus = if self.no_affinity {
            None
        } else {
            Some(topology::place(tasks, &topology::allowed_cpus()?))
        };
        Ok(Workload {
            testcase: self.testcase,
            r#where: self.r#where,
            carrier: self.carrier(),
            tasks,
            pages: self.pages,
            keys: self.keys,
            mix: self.mix(),
            cpus,
            interval_ms: self.interval_ms,
        })
    }
}
