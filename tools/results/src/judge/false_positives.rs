// SPDX-License-Identifier: MIT OR Apache-2.0

//! False positive rates: how often a tracker is called different from itself. They test the tests
//! on the machine and under the load that the verdicts are about.

use anyhow::Result;
use epoch_stats::{Interval, clopper_pearson};
use ministat::Confidence;

use super::level;
use crate::record::{CompareReport, Comparison, FalsePositives, Rate};

impl FalsePositives {
    /// Counts the false positives in comparisons of a tracker with itself. Returns `None` without
    /// comparisons.
    pub fn of(comparisons: &[Comparison], confidence: Confidence) -> Option<Self> {
        let tracker = comparisons.first()?.tracker.clone();
        let n = comparisons.len();
        let rate = |proven: fn(&Comparison) -> bool| {
            let proven = comparisons.iter().filter(|comparison| proven(comparison));
            let proven = proven.count();
            let interval = clopper_pearson(proven as u64, n as u64, level(confidence));
            Rate {
                proven,
                percent: 100.0 * proven as f64 / n as f64,
                interval: Interval {
                    low: 100.0 * interval.low,
                    high: 100.0 * interval.high,
                },
            }
        };
        Some(Self {
            tracker,
            comparisons: n,
            expected_percent: 100.0 - confidence.percent(),
            student: rate(|comparison| comparison.proven),
            welch: rate(|comparison| {
                let evidence = comparison.evidence.as_ref();
                evidence.is_some_and(|evidence| evidence.welch_proven)
            }),
            paired: rate(|comparison| {
                let evidence = comparison.evidence.as_ref();
                evidence.is_some_and(|evidence| evidence.paired_proven)
            }),
            confidence_percent: confidence.percent(),
        })
    }
}

impl CompareReport {
    /// Counts how often a tracker was called different from itself, in all comparisons.
    pub fn count_false_positives(&mut self) -> Result<()> {
        let repeats = self.repeats.iter().flat_map(|repeat| &repeat.comparisons);
        let comparisons: Vec<_> = self.comparisons.iter().chain(repeats).cloned().collect();
        self.false_positives = FalsePositives::of(&comparisons, self.confidence()?);
        Ok(())
    }
}
