// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was measured.

use clap::ValueEnum;
use epoch_device::orders::Mix;
use epoch_device::testcase::Testcase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the workload runs.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize, ValueEnum,
)]
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

/// Whether each worker has an address space of its own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// One process for each worker, as will-it-scale's `_processes`.
    Processes,
    /// Threads of this process, as will-it-scale's `_threads`.
    Threads,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// What each worker does.
    pub testcase: Testcase,
    /// `kernel` or `user`
    pub r#where: Where,
    /// `processes` or `threads`
    pub carrier: Carrier,
    /// Workers at the same time.
    pub tasks: usize,
    /// Pages that each iteration touches, where that can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Number of the pages' keys, if it is not the module's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// Page daemons beside the tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mix: Option<Mix>,
    /// The CPU of each task, or null if they were not bound to any.
    pub cpus: Option<Vec<usize>>,
    /// Nominal length of a sample.
    pub interval_ms: u64,
}
