// SPDX-License-Identifier: MIT OR Apache-2.0

//! Testcases: the work that a worker does in each iteration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::uapi;

/// A testcase of the module that can be measured.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Testcase {
    /// Map and unmap 128 MB of anonymous memory without touching it
    #[default]
    Mmap1,
    /// Map 128 MB of anonymous memory, write to the first pages (--pages), unmap it
    Mmap1Touch,
    /// Map one page, write to it, unmap it
    PageFault,
    /// Start and finish a delayed invalidation (DI) block, nothing else
    Di,
}

impl Testcase {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mmap1, Self::Mmap1Touch, Self::PageFault, Self::Di];

    /// Returns the number in the kernel's interface.
    pub fn number(self) -> u32 {
        match self {
            Self::Mmap1 => uapi::TESTCASE_MMAP1,
            Self::Mmap1Touch => uapi::TESTCASE_MMAP1_TOUCH,
            Self::PageFault => uapi::TESTCASE_PAGE_FAULT,
            Self::Di => uapi::TESTCASE_DI,
        }
    }

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mmap1 => "mmap1",
            Self::Mmap1Touch => "mmap1-touch",
            Self::PageFault => "page-fault",
            Self::Di => "di",
        }
    }

    /// Returns whether the testcase touches pages, which have keys.
    pub fn has_pages(self) -> bool {
        matches!(self, Self::Mmap1Touch | Self::PageFault)
    }

    /// Returns the text after `testcase:`, with the number of touched pages if the testcase has a
    /// choice. will-it-scale's tools split the line at its colons, so there must be no other.
    pub fn description(self, pages: Option<u32>) -> String {
        match (self, pages.unwrap_or(1)) {
            (Self::Mmap1, _) => "Anonymous memory mmap/munmap of 128MB".into(),
            (Self::Mmap1Touch, 1) => "Anonymous memory mmap/touch/munmap of 128MB, 1 page".into(),
            (Self::Mmap1Touch, pages) => {
                format!("Anonymous memory mmap/touch/munmap of 128MB, {pages} pages")
            }
            (Self::PageFault, _) => "Anonymous memory mmap/touch/munmap of one page".into(),
            (Self::Di, _) => "Delayed invalidation start/finish".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_description_has_a_colon() {
        for testcase in Testcase::ALL {
            for pages in [None, Some(1), Some(7)] {
                assert!(!testcase.description(pages).contains(':'));
            }
        }
    }

    #[test]
    fn names_are_those_of_files() {
        for testcase in Testcase::ALL {
            let json = serde_json::to_value(testcase).unwrap();
            assert_eq!(json, testcase.name());
        }
    }
}
