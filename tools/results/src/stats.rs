// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics of totals, and comparisons of them.

use anyhow::Result;
use ministat::{Confidence, Dataset, Edition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::sample::Sample;

/// Statistics of the totals of some samples.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Statistics {
    /// The number of samples.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample; 0 for a single one.
    pub stddev: f64,
    /// Least total.
    pub min: u64,
    /// Greatest total.
    pub max: u64,
    /// Median of the totals.
    pub median: f64,
}

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
        let t = confidence.critical_value(self.n.saturating_sub(1));
        t * self.stddev / (self.n.max(1) as f64).sqrt()
    }
}

/// Comparison of one tracker with the baseline.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Comparison {
    /// The tracker.
    pub tracker: String,
    /// The baseline.
    pub baseline: String,
    /// The tracker's mean as a multiple of the baseline's.
    pub ratio: f64,
    /// The tracker's mean minus the baseline's.
    pub difference: f64,
    /// Half the width of the confidence interval around `difference`.
    pub difference_error: f64,
    /// `difference` in percent of the baseline's mean.
    pub percent: f64,
    /// Half the width of the confidence interval around `percent`.
    pub percent_error: f64,
    /// Pooled standard deviation of both.
    pub pooled_stddev: f64,
    /// True if Student's t proves a difference.
    pub proven: bool,
    /// Results of other tests; absent in old files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl Comparison {
    /// Compares as ministat does, without other evidence.
    pub fn new(dataset: &Dataset, baseline: &Dataset, confidence: Confidence) -> Self {
        let difference = ministat::compare(dataset, baseline, confidence, Edition::Current);
        Self {
            tracker: dataset.name().to_owned(),
            baseline: baseline.name().to_owned(),
            ratio: dataset.mean() / baseline.mean(),
            difference: difference.absolute,
            difference_error: difference.absolute_error,
            percent: difference.percent,
            percent_error: difference.percent_error,
            pooled_stddev: difference.pooled_stddev,
            proven: difference.proven,
            evidence: None,
        }
    }

    /// Returns half the width of the confidence interval around `ratio`: that of `percent` on
    /// another scale.
    pub fn ratio_error(&self) -> f64 {
        self.percent_error / 100.0
    }

    /// Returns the result in a sentence.
    pub fn sentence(&self, confidence: Confidence, n: usize) -> String {
        let headline = self.headline();
        let how = how(confidence, n);
        if self.proven {
            let change = self.change();
            format!("{headline} ({change}), difference proven {how}")
        } else {
            format!("{headline}, no difference proven {how}")
        }
    }

    /// Returns the result alone: `epoch is 3.52x mutex`.
    pub fn headline(&self) -> String {
        let times = times(self.ratio);
        format!("{} is {times} {}", self.tracker, self.baseline)
    }

    /// Returns the difference in percent, and its interval: `+252.0% +/- 1.1%`.
    pub fn change(&self) -> String {
        percent(self.percent, self.percent_error)
    }
}

/// Names the test and the confidence behind a verdict.
pub fn how(confidence: Confidence, n: usize) -> String {
    format!("at {confidence} confidence (Student's t, N={n} each)")
}

/// Formats a ratio with about three digits.
fn times(ratio: f64) -> String {
    let decimals = if ratio < 10.0 {
        2
    } else if ratio < 100.0 {
        1
    } else {
        0
    };
    format!("{ratio:.decimals$}x")
}

fn percent(percent: f64, error: f64) -> String {
    let decimals = if error < 1.0 {
        2
    } else if error < 10.0 {
        1
    } else {
        0
    };
    format!("{percent:+.decimals$}% +/- {error:.decimals$}%")
}

/// Returns the totals as ministat's dataset.
pub fn dataset(name: &str, samples: &[Sample]) -> Result<Dataset> {
    let totals = samples.iter().map(|sample| sample.total as f64).collect();
    Ok(Dataset::new(name, totals)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::samples;

    const BEFORE: [u64; 5] = [1005918, 1006319, 1009119, 1013143, 1009155];
    const AFTER: [u64; 5] = [3548585, 3548786, 3552085, 3552502, 3552587];

    #[test]
    fn statistics_are_those_of_the_published_samples() {
        let statistics = Statistics::of(&samples(&BEFORE));
        assert_eq!(statistics.mean, 1008730.8);
        assert!((statistics.stddev - 2895.1156).abs() < 1e-4);
        assert_eq!((statistics.min, statistics.max), (1005918, 1013143));
        assert_eq!(statistics.median, 1009119.0);
        // 2.776 * 2895.1156 / sqrt(5)
        assert!((statistics.mean_error(Confidence::P95) - 3594.2).abs() < 0.1);
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

    fn sentence(name: &str, totals: &[u64], baseline: &[u64]) -> String {
        let baseline = dataset("mutex", &samples(baseline)).unwrap();
        let dataset = dataset(name, &samples(totals)).unwrap();
        let level = Confidence::P95;
        Comparison::new(&dataset, &baseline, level).sentence(level, totals.len())
    }

    #[test]
    fn the_sentence_says_what_is_proven() {
        assert_eq!(
            sentence("epoch", &AFTER, &BEFORE),
            "epoch is 3.52x mutex (+252.0% +/- 1.1%), difference proven at 95% confidence \
             (Student's t, N=5 each)"
        );
        assert_eq!(
            sentence("mutex", &BEFORE, &AFTER),
            "mutex is 0.28x mutex (-71.59% +/- 0.09%), difference proven at 95% confidence \
             (Student's t, N=5 each)"
        );
        assert_eq!(
            sentence("spin", &BEFORE, &BEFORE),
            "spin is 1.00x mutex, no difference proven at 95% confidence (Student's t, N=5 each)"
        );
    }
}
