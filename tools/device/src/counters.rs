// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics of a tracker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::uapi;

/// A tracker's counters, since the module was loaded or between two readings.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Number of waits.
    pub waits: u64,
    /// Waits that could not return at once.
    pub blocked: u64,
    /// Maximum number of blocks open at the same time *since the module was loaded*; 0 for trackers
    /// that keep no list of blocks.
    pub longest_queue: u64,
    /// Times that a walk along the list of blocks restarted.
    pub restarts: u64,
    /// Times that the lock of the list was not free at first.
    pub contended: u64,
    /// Blocks that the verifier found still open after a wait for them.
    pub violations: u64,
}

impl Counters {
    /// Returns the counts since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            waits: self.waits.saturating_sub(before.waits),
            blocked: self.blocked.saturating_sub(before.blocked),
            longest_queue: self.longest_queue,
            restarts: self.restarts.saturating_sub(before.restarts),
            contended: self.contended.saturating_sub(before.contended),
            violations: self.violations.saturating_sub(before.violations),
        }
    }

    /// Adds the counts of another interval.
    pub fn add(&mut self, other: &Self) {
        self.waits += other.waits;
        self.blocked += other.blocked;
        self.longest_queue = self.longest_queue.max(other.longest_queue);
        self.restarts += other.restarts;
        self.contended += other.contended;
        self.violations += other.violations;
    }
}

impl From<&uapi::Tracker> for Counters {
    fn from(tracker: &uapi::Tracker) -> Self {
        Self {
            waits: tracker.waits,
            blocked: tracker.blocked,
            longest_queue: tracker.longest_queue,
            restarts: tracker.restarts,
            contended: tracker.contended,
            violations: tracker.violations,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_is_neither_subtracted_nor_added() {
        let at = |waits, longest_queue| Counters {
            waits,
            longest_queue,
            ..Default::default()
        };
        let mut sum = at(0, 0);
        sum.add(&at(5, 3).since(&at(2, 3)));
        sum.add(&at(9, 4).since(&at(8, 4)));
        assert_eq!(sum, at(4, 4));
    }
}
