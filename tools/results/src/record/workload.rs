// SPDX-License-Identifier: MIT OR Apache-2.0

//! The measured workload.

use epoch_device::orders::Mix;
use epoch_device::testcase::Testcase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Location of the workload.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In the kernel, through /dev/epoch_bench
    #[default]
    Kernel,
    /// In user space, as mmap and munmap system calls; trackers take part through the hook
    User,
}

impl Where {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Kernel, Self::User];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::User => "user",
        }
    }
}

/// Carrier of the workers, which decides whether each has an address space of its own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// A process for each worker, as will-it-scale's `_processes`.
    Processes,
    /// Threads of this process, as will-it-scale's `_threads`.
    Threads,
}

/// The measured workload.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// Work that each task does in a loop.
    pub testcase: Testcase,
    /// `kernel` or `user`
    pub r#where: Where,
    /// `processes` or `threads`
    pub carrier: Carrier,
    /// Number of concurrent workers.
    pub tasks: usize,
    /// Pages that each iteration touches, where that can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Number of the pages' keys, if it is not the module's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// Tasks that wait for pages while the workers run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mix: Option<Mix>,
    /// The CPU of each task, or null if they were not bound to any.
    pub cpus: Option<Vec<usize>>,
    /// Nominal length of a sample.
    pub interval_ms: u64,
}
