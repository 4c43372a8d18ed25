// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons of trackers with a baseline.

use anyhow::{Result, bail};
use epoch_stats::{Effect, TTest, Warning, ratio_interval};
use ministat::{Confidence, Dataset, Edition};

use crate::record::{Comparison, Evidence, Sample, TrackerReport};

/// Compares each tracker but the baseline with the baseline.
pub fn compare(trackers: &[TrackerReport], confidence: Confidence) -> Result<Vec<Comparison>> {
    for TrackerReport {
        tracker, samples, ..
    } in trackers
    {
        if samples.iter().all(|sample| sample.total == 0) {
            bail!(
                "tracker {tracker} completed no iteration in any sample: take fewer tasks, or a \
                 longer --interval-ms"
            );
        }
    }
    let datasets = datasets(trackers)?;
    let others = datasets.iter().zip(trackers).skip(1);
    Ok(others
        .map(|(dataset, report)| Comparison {
            evidence: Evidence::of(&trackers[0].samples, &report.samples, confidence),
            ..Comparison::new(dataset, &datasets[0], confidence)
        })
        .collect())
}

/// Returns the samples as ministat's datasets.
pub fn datasets(trackers: &[TrackerReport]) -> Result<Vec<Dataset>> {
    let trackers = trackers.iter();
    trackers
        .map(|report| dataset(&report.tracker, &report.samples))
        .collect()
}

/// Returns the totals as ministat's dataset.
pub(super) fn dataset(name: &str, samples: &[Sample]) -> Result<Dataset> {
    let totals = samples.iter().map(|sample| sample.total as f64).collect();
    Ok(Dataset::new(name, totals)?)
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
}

impl Evidence {
    /// Tests equally many samples of both. Returns `None` if there are fewer than two.
    pub fn of(baseline: &[Sample], samples: &[Sample], confidence: Confidence) -> Option<Self> {
        let (baseline, samples) = (totals(baseline), totals(samples));
        let level = level(confidence);
        let welch = TTest::welch(&baseline, &samples)?;
        let paired = TTest::paired(&baseline, &samples)?;
        Some(Self {
            welch_p: welch.p(),
            paired_p: paired.p(),
            paired_proven: paired.proves(level),
            welch_proven: welch.proves(level),
            ratio_interval: ratio_interval(&baseline, &samples, level),
            effect: Effect::hedges_g(&baseline, &samples, level),
            warnings: epoch_stats::of_comparison(&baseline, &samples, level),
        })
    }
}

/// Returns warnings that apply to every verdict on these samples.
pub fn warnings(samples: &[Sample]) -> Vec<Warning> {
    epoch_stats::of_samples(&totals(samples))
}

/// Returns a confidence level as a share.
pub fn level(confidence: Confidence) -> f64 {
    confidence.percent() / 100.0
}

fn totals(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.total as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{compared, report};

    #[test]
    fn samples_without_spread_have_no_effect_size() {
        let report = compared("epoch", &[500; 7], &[1000; 7]);
        let evidence = report.comparisons[0].evidence.as_ref().unwrap();
        assert_eq!((evidence.welch_p, evidence.effect), (0.0, None));
    }

    #[test]
    fn a_tracker_that_did_nothing_is_no_result() {
        let trackers = [report("none", &[0; 3]), report("none", &[0; 3])];
        assert!(compare(&trackers, Confidence::P95).is_err());
    }
}
