// SPDX-License-Identifier: MIT OR Apache-2.0

//! Orders of a worker in the kernel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::testcase::Testcase;
use crate::uapi;

/// Orders of one worker. Without `keys`, the module's default number of keys is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// Runs a testcase that is measured.
    Measured {
        /// The testcase.
        testcase: Testcase,
        /// Number of pages to touch, if the testcase has a choice.
        pages: Option<u32>,
        /// Number of keys of the worker's pages.
        keys: Option<u32>,
    },
    /// Waits for pages, as a page daemon does.
    Wait {
        /// Waits per second; 0: one wait right after the other.
        rate: u32,
        /// Number of keys to choose from.
        keys: Option<u32>,
    },
    /// Opens blocks for the verifier.
    Torture {
        /// Number of keys to choose from.
        keys: Option<u32>,
    },
}

impl Orders {
    /// Converts the orders to the kernel's structure.
    pub fn run(self) -> uapi::Run {
        let run = uapi::Run {
            version: uapi::VERSION,
            ..Default::default()
        };
        match self {
            Self::Measured {
                testcase,
                pages,
                keys,
            } => uapi::Run {
                testcase: testcase.number(),
                pages: match testcase {
                    Testcase::Mmap1Touch => pages.unwrap_or(1),
                    _ => 0,
                },
                keys: keys.filter(|_| testcase.has_pages()).unwrap_or(0),
                ..run
            },
            Self::Wait { rate, keys } => uapi::Run {
                testcase: uapi::TESTCASE_WAIT,
                rate,
                keys: keys.unwrap_or(0),
                ..run
            },
            Self::Torture { keys } => uapi::Run {
                testcase: uapi::TESTCASE_TORTURE,
                keys: keys.unwrap_or(0),
                ..run
            },
        }
    }
}

/// Workers that wait for pages, as page daemons do, concurrently with the measured workers.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Mix {
    /// Number of waiting workers.
    pub waiters: usize,
    /// Waits per second of each; 0: one wait right after the other.
    pub wait_rate: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(testcase: Testcase, pages: Option<u32>) -> uapi::Run {
        let keys = Some(9);
        Orders::Measured {
            testcase,
            pages,
            keys,
        }
        .run()
    }

    /// The module refuses parameters that have no effect.
    #[test]
    fn only_what_has_pages_says_something_about_them() {
        for testcase in [Testcase::Mmap1, Testcase::Di] {
            let run = measured(testcase, None);
            assert_eq!((run.pages, run.keys, run.rate), (0, 0, 0));
        }
        let run = measured(Testcase::PageFault, None);
        assert_eq!((run.pages, run.keys), (0, 9));
        assert_eq!(measured(Testcase::Mmap1Touch, None).pages, 1);
        assert_eq!(measured(Testcase::Mmap1Touch, Some(5)).pages, 5);
        let wait = Orders::Wait {
            rate: 100,
            keys: None,
        };
        assert_eq!((wait.run().rate, wait.run().keys), (100, 0));
        assert_eq!(wait.run().version, uapi::VERSION);
    }
}
