// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of all measurements, as they are saved with a sweep's settings.

use std::time::Duration;

use anyhow::Result;
use epoch_device::orders::Mix;
use epoch_device::testcase::Testcase;
use host::topology;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Carrier, Where, Workload};

/// Default of `--wait-rate`: waits a second of each page daemon.
const WAIT_RATE: u32 = 100;

/// Options of every measurement.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Options {
    /// Work that each task does in a loop
    pub testcase: Testcase,

    /// Pages that testcase mmap1-touch writes to [default: 1]
    pub pages: Option<u32>,

    /// Use threads of one process instead of processes
    pub threads: bool,

    /// Run the workload in the kernel or in user space
    pub r#where: Where,

    /// Tasks that wait for pages while the workers run; their waits are not iterations
    pub waiters: u32,

    /// Waits a second of each page daemon; 0 to wait continuously [default: 100]
    pub wait_rate: Option<u32>,

    /// Number of keys that pages have; a wait is for the pages of one key [default: 256]
    pub keys: Option<u32>,

    /// Let the scheduler choose CPUs; otherwise each task is bound to one: first to a CPU of each
    /// core, then to SMT siblings, then from the beginning again
    pub no_affinity: bool,

    /// Length of a sample in milliseconds; rates are per second regardless
    pub interval_ms: u64,
}

impl Options {
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
