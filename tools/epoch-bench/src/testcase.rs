//! What a worker does in each iteration.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::uapi;

/// A testcase of the module.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Testcase {
    /// Map and unmap 128 MB of anonymous memory that nobody touches
    #[default]
    Mmap1,
    /// Start and finish a delayed invalidation block, nothing else
    Di,
}

impl Testcase {
    /// Its number in the kernel's interface.
    pub fn number(self) -> u32 {
        match self {
            Self::Mmap1 => uapi::TESTCASE_MMAP1,
            Self::Di => uapi::TESTCASE_DI,
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mmap1 => "mmap1",
            Self::Di => "di",
        }
    }

    /// What stands after `testcase:`. will-it-scale's tools split the line at
    /// its colons, so that there must be no other.
    pub fn description(self) -> &'static str {
        match self {
            Self::Mmap1 => "Anonymous memory mmap/munmap of 128MB",
            Self::Di => "Delayed invalidation start/finish",
        }
    }
}
