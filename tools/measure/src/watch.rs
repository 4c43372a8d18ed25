// SPDX-License-Identifier: MIT OR Apache-2.0

//! Conditions that must not change during a measurement.

use anyhow::Result;

/// Number of times that a round of samples is retaken because conditions changed, before the change
/// is considered permanent.
pub const RETAKES: usize = 3;

/// Watches the conditions of a measurement.
pub trait Watch {
    /// Returns the changes since the measurement began, in a few words each, with `tracker`
    /// selected.
    fn changes(&self, tracker: Option<&str>) -> Result<Vec<String>>;
}

/// Watch that never reports a change.
pub struct Unwatched;

impl Watch for Unwatched {
    fn changes(&self, _tracker: Option<&str>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Returns the error of a permanent change.
pub fn lasting(what: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{what}: conditions have changed since the measurement began, so there is no verdict; run \
         it again"
    )
}

/// Stand-in for tests.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::{Result, Watch};
    use std::cell::RefCell;

    /// Watch that reports a change at these looks, counted from 0, and at each from `lasting` on.
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
