// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics of totals.

use ministat::Confidence;

use super::level;
use crate::record::{Sample, Statistics};

impl Statistics {
    /// Computes the statistics of samples; everything is 0 without samples.
    pub fn of(samples: &[Sample]) -> Self {
        let mut totals: Vec<u64> = samples.iter().map(|sample| sample.total).collect();
        totals.sort_unstable();
        let n = totals.len();
        let count = n.max(1) as f64;
        let mean = totals.iter().map(|&total| total as f64).sum::<f64>() / count;
        let squares = totals.iter().map(|&total| (total as f64 - mean).powi(2));
        let stddev = if n > 1 {
            (squares.sum::<f64>() / (count - 1.0)).sqrt()
        } else {
            0.0
        };
        let at = |index: usize| totals.get(index).copied().unwrap_or(0);
        Self {
            n,
            mean,
            stddev,
            min: at(0),
            max: at(n.saturating_sub(1)),
            median: (at(n / 2) as f64 + at(n.saturating_sub(1) / 2) as f64) / 2.0,
        }
    }

    /// Returns half the width of the mean's confidence interval, by Student's t; 0 for a single
    /// sample.
    pub fn mean_error(&self, confidence: Confidence) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let t = epoch_stats::critical_value(level(confidence), (self.n - 1) as f64);
        t * self.stddev / (self.n.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::samples;

    const BEFORE: [u64; 5] = [1005918, 1006319, 1009119, 1013143, 1009155];

    #[test]
    fn statistics_are_those_of_the_published_samples() {
        let statistics = Statistics::of(&samples(&BEFORE));
        assert_eq!(statistics.mean, 1008730.8);
        assert!((statistics.stddev - 2895.1156).abs() < 1e-4);
        assert_eq!((statistics.min, statistics.max), (1005918, 1013143));
        assert_eq!(statistics.median, 1009119.0);
        // 2.776445 * 2895.1156 / sqrt(5)
        assert!((statistics.mean_error(Confidence::P95) - 3594.8).abs() < 0.1);
    }

    #[test]
    fn few_samples_have_statistics_too() {
        assert_eq!(Statistics::of(&samples(&[7])).stddev, 0.0);
        assert_eq!(Statistics::of(&samples(&[1, 4])).median, 2.5);
        assert_eq!(Statistics::of(&[]).n, 0);
        assert_eq!(
            Statistics::of(&samples(&[7])).mean_error(Confidence::P95),
            0.0
        );
    }
}
