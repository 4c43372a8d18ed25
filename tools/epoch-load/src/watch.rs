// SPDX-License-Identifier: MIT OR Apache-2.0

//! What has to stay as it is while something is measured.

use anyhow::Result;

/// How often a round of samples is taken again because something has changed,
/// until it is taken for lasting.
pub const RETAKES: usize = 3;

/// Looks at the conditions of a measurement.
pub trait Watch {
    /// Tells what is not as it was when the measurement began, with `tracker`
    /// selected, in a few words each.
    fn changes(&self, tracker: Option<&str>) -> Result<Vec<String>>;
}

/// Nothing has changed.
pub struct Unwatched;

impl Watch for Unwatched {
    fn changes(&self, _tracker: Option<&str>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// The error of a change that lasts.
pub fn lasting(what: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{what}: what would be measured is not what was at the beginning, so there is no verdict; \
         run it again"
    )
}

/// For tests.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::{Result, Watch};
    use std::cell::RefCell;

    /// Has these changes at these looks, counted from 0; and from `lasting` on,
    /// one at each.
    #[derive(Default)]
    pub struct FakeWatch {
        pub at: Vec<usize>,
        pub lasting: Option<usize>,
        pub looks: RefCell<usize>,
    }

    impl Watch for FakeWatch {
        fn changes(&self, _tracker: Option<&str>) -> Result<Vec<String>> {
            let look = self.looks.replace_with(|look| *look + 1);
            let changed =
                self.at.contains(&look) || self.lasting.is_some_and(|first| look >= first);
            Ok(if changed {
                vec!["CPUs online: 0-3, now 0-2".into()]
            } else {
                Vec::new()
            })
        }
    }
}
