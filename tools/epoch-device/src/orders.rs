// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a worker in the kernel is told to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::testcase::Testcase;
use crate::uapi;

/// The orders of one worker. Keys are the module's default number where there
/// is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// Run a testcase that is measured.
    Measured {
        /// The testcase.
        testcase: Testcase,
        /// Pages to touch, where that can be chosen.
        pages: Option<u32>,
        /// Number of keys that its pages have.
        keys: Option<u32>,
    },
    /// Wait for pages, as a page daemon does.
    Wait {
        /// Waits a second; 0 for one after the other.
        rate: u32,
        /// Number of keys to choose from.
        keys: Option<u32>,
    },
    /// Open blocks for the verifier.
    Torture {
        /// Number of keys to choose from.
        keys: Option<u32>,
    },
}

impl Orders {
    /// In the kernel's terms.
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

/// Page daemons that run beside what is measured.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Mix {
    /// How many.
    pub waiters: usize,
    /// Waits a second of each; 0 for one after the other.
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

    /// The module refuses what has no meaning.
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
