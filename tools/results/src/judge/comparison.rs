// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons of trackers with a baseline.

use anyhow::{Result, bail};
use epoch_stats::{Effect, Interval, TTest, Warning, ratio_interval};
use ministat::{Confidence, Dataset, Difference, Edition};

use crate::record::{CompareReport, Comparison, Equivalence, Evidence, Sample, TrackerReport};

/// Rule by which the measurement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// The number of samples was fixed.
    Fixed,
    /// The samples were precise enough.
    Precise,
}

/// Part of the error rate that the paired test may have if samples were taken until they were
/// precise enough.
///
/// To stop when an interval is narrow prefers samples that scatter too little by chance. Of 20,000
/// simulated comparisons of equals from ten rounds on, up to 6.7 % were called different at 95 %, and
/// with this factor 3.5 to 4.9 %, whatever the noise.
const SEQUENTIAL: f64 = 0.7;

impl Stopping {
    /// Returns the level at which the paired test has the error rate of this confidence.
    fn level(self, confidence: Confidence) -> f64 {
        match self {
            Self::Fixed => level(confidence),
            Self::Precise => 1.0 - SEQUENTIAL * (1.0 - level(confidence)),
        }
    }
}

/// Returns how precise the ratios are: half the width of the widest interval, in percent of the
/// ratio. `None` if one has no bounds yet.
pub fn precision(
    baseline: &[Sample],
    others: &[Vec<Sample>],
    confidence: Confidence,
) -> Option<f64> {
    let baseline = totals(baseline);
    let level = Stopping::Precise.level(confidence);
    let widths = others.iter().map(|samples| {
        let Interval { low, high } = epoch_stats::paired_ratio(&baseline, &totals(samples), level)?;
        Some(100.0 * (high - low) / (high + low))
    });
    widths
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .reduce(f64::max)
}

/// Compares each tracker but the baseline with the baseline.
pub fn compare(
    trackers: &[TrackerReport],
    confidence: Confidence,
    stopping: Stopping,
) -> Result<Vec<Comparison>> {
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
    let others = datasets.iter().skip(1);
    let mut comparisons: Vec<_> = others
        .map(|dataset| Comparison::new(dataset, &datasets[0], confidence))
        .collect();
    complete(trackers, &mut comparisons, confidence, stopping);
    Ok(comparisons)
}

/// Reads a comparison, and adds the results of tests that are younger than the file.
pub fn comparison(json: &[u8]) -> Result<CompareReport> {
    let mut report = CompareReport::read(json)?;
    let confidence = report.confidence()?;
    let stopping = match report.until_percent {
        Some(_) => Stopping::Precise,
        None => Stopping::Fixed,
    };
    complete(
        &report.trackers,
        &mut report.comparisons,
        confidence,
        stopping,
    );
    Ok(report)
}

/// Adds the results of the other tests where there are none, or not all.
pub(super) fn complete(
    trackers: &[TrackerReport],
    comparisons: &mut [Comparison],
    confidence: Confidence,
    stopping: Stopping,
) {
    let Some((baseline, others)) = trackers.split_first() else {
        return;
    };
    let mut evidence: Vec<_> = comparisons
        .iter_mut()
        .zip(others)
        .filter_map(|(comparison, tracker)| {
            let (before, after) = (&baseline.samples, &tracker.samples);
            let of = || Evidence::of(before, after, confidence, stopping);
            let known = comparison.evidence.as_ref();
            if known.is_none_or(|evidence| evidence.paired_ratio.is_none()) {
                comparison.evidence = of();
            }
            comparison.evidence.as_mut()
        })
        .collect();
    if evidence.len() < 2 {
        return;
    }
    let ps: Vec<_> = evidence.iter().map(|of| of.paired_p).collect();
    for (of, p) in evidence.iter_mut().zip(epoch_stats::holm(&ps)) {
        of.paired_p_holm = Some(p);
        of.paired_proven = p < 1.0 - stopping.level(confidence);
    }
}

/// Tests whether each tracker is within this many percent of the baseline.
pub fn test_equivalence(
    trackers: &[TrackerReport],
    comparisons: &mut [Comparison],
    within_percent: f64,
    confidence: Confidence,
) {
    let Some((baseline, others)) = trackers.split_first() else {
        return;
    };
    let baseline = totals(&baseline.samples);
    let ps: Vec<_> = others
        .iter()
        .map(|of| {
            let p =
                epoch_stats::equivalence(&baseline, &totals(&of.samples), within_percent / 100.0);
            p.unwrap_or(1.0)
        })
        .collect();
    for (comparison, p) in comparisons.iter_mut().zip(epoch_stats::holm(&ps)) {
        if let Some(evidence) = &mut comparison.evidence {
            evidence.equivalence = Some(Equivalence {
                within_percent,
                p,
                proven: p < 1.0 - level(confidence),
            });
        }
    }
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

/// Compares as ministat does, but with Student's t itself: ministat has three digits of it, takes
/// that of infinity beyond 100 degrees of freedom, and that of 99.8 % for 99.5 %.
pub(super) fn student(dataset: &Dataset, baseline: &Dataset, confidence: Confidence) -> Difference {
    let difference = ministat::compare(dataset, baseline, confidence, Edition::Current);
    let freedom = dataset.n() + baseline.n() - 2;
    let t = epoch_stats::critical_value(level(confidence), freedom as f64);
    let factor = t / confidence.critical_value(freedom);
    let absolute_error = factor * difference.absolute_error;
    Difference {
        absolute_error,
        percent_error: factor * difference.percent_error,
        proven: difference.absolute.abs() > absolute_error,
        ..difference
    }
}

impl Comparison {
    /// Compares by Student's t, without other evidence.
    pub fn new(dataset: &Dataset, baseline: &Dataset, confidence: Confidence) -> Self {
        let difference = student(dataset, baseline, confidence);
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

    /// Returns whether a difference is proven: by the paired test, or by Student's in files that have
    /// no other.
    pub fn is_proven(&self) -> bool {
        let evidence = self.evidence.as_ref();
        evidence.map_or(self.proven, |evidence| evidence.paired_proven)
    }

    /// Returns half the width of the confidence interval around `ratio`: that of `percent` on
    /// another scale.
    pub fn ratio_error(&self) -> f64 {
        self.percent_error / 100.0
    }
}

impl Evidence {
    /// Tests equally many samples of both. Returns `None` if there are fewer than two.
    pub fn of(
        baseline: &[Sample],
        samples: &[Sample],
        confidence: Confidence,
        stopping: Stopping,
    ) -> Option<Self> {
        let (baseline, samples) = (totals(baseline), totals(samples));
        let level = level(confidence);
        let of_paired = stopping.level(confidence);
        let welch = TTest::welch(&baseline, &samples)?;
        let paired = TTest::paired(&baseline, &samples)?;
        Some(Self {
            welch_p: welch.p(),
            paired_p: paired.p(),
            paired_p_holm: None,
            paired_proven: paired.proves(of_paired),
            paired_ratio: epoch_stats::paired_ratio(&baseline, &samples, of_paired),
            equivalence: None,
            welch_proven: welch.proves(level),
            ratio_interval: ratio_interval(&baseline, &samples, level),
            effect: Effect::hedges_g(&baseline, &samples, level),
            warnings: epoch_stats::of_comparison(&baseline, &samples, level),
        })
    }
}

/// Returns warnings that apply to every verdict on these samples.
///
/// Samples of few iterations look as if they fell into groups, or alternated: that they do is not
/// said of them.
pub fn warnings(samples: &[Sample]) -> Vec<Warning> {
    match resolution(samples) {
        Some(few) => vec![few],
        None => epoch_stats::of_samples(&totals(samples)),
    }
}

/// Returns the warning that samples are too short for the iterations that they count.
pub fn resolution(samples: &[Sample]) -> Option<Warning> {
    let counted = samples.iter().filter(|sample| !sample.tasks.is_empty());
    let iterations = counted.map(|sample| sample.tasks.iter().map(|task| task.iterations).sum());
    epoch_stats::of_resolution(&iterations.collect::<Vec<_>>())
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
    use crate::examples::{self, compared, report};
    use crate::record::Statistics;

    #[test]
    fn samples_without_spread_have_no_effect_size() {
        let report = compared("epoch", &[500; 7], &[1000; 7]);
        let evidence = report.comparisons[0].evidence.as_ref().unwrap();
        assert_eq!((evidence.welch_p, evidence.effect), (0.0, None));
    }

    /// The critical value of 4 degrees of freedom at 99.5 % is 5.598, and not the 7.173 of 99.8 %.
    #[test]
    fn confidence_has_one_meaning() {
        let samples = examples::samples(&[10, 11, 12, 13, 14]);
        let error = Statistics::of(&samples).mean_error(Confidence::P995);
        assert!(
            (error - 5.5976 * 2.5f64.sqrt() / 5f64.sqrt()).abs() < 1e-3,
            "{error}"
        );
        let of = |name: &str, points: [f64; 3]| Dataset::new(name, points.to_vec()).unwrap();
        let (before, after) = (of("a", [1.0, 2.0, 3.0]), of("b", [7.0, 8.0, 9.0]));
        let level = Confidence::P995;
        let difference = student(&after, &before, level);
        assert!((difference.absolute_error - 5.5976 * (2.0f64 / 3.0).sqrt()).abs() < 1e-3);
        assert!(difference.proven);
        let table = ministat::compare(&after, &before, level, Edition::Current);
        assert!((table.absolute_error - 7.173 * (2.0f64 / 3.0).sqrt()).abs() < 1e-3);
    }

    #[test]
    fn several_comparisons_are_adjusted() {
        let before = [100, 102, 97, 99, 104, 101, 98];
        let after = [103, 103, 99, 104, 105, 103, 102];
        let of = |names: usize| {
            let mut trackers = vec![report("none", &before)];
            trackers.extend((0..names).map(|_| report("epoch", &after)));
            compare(&trackers, Confidence::P99, Stopping::Fixed).unwrap()
        };
        let evidence = |comparisons: &[Comparison]| comparisons[0].evidence.clone().unwrap();
        let one = evidence(&of(1));
        assert!(one.paired_p_holm.is_none() && one.paired_proven, "{one:?}");
        let three = evidence(&of(3));
        let expected = 3.0 * one.paired_p;
        assert!((three.paired_p_holm.unwrap() - expected).abs() < 1e-12);
        assert!(!three.paired_proven && !of(3)[0].is_proven(), "{three:?}");
    }

    /// Rounds of equals, until the ratio is known to 2 %: whatever the noise, at most one in twenty
    /// is called different.
    #[test]
    fn precision_has_no_price_in_errors() {
        const COMPARISONS: usize = 1500;
        let mut random = fastrand::Rng::with_seed(21);
        let mut normal = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        for noise in [0.01, 0.02, 0.03, 0.04] {
            let (mut wrong, mut rounds) = (0, 0);
            for _ in 0..COMPARISONS {
                let mut sides = [Vec::new(), Vec::new()];
                loop {
                    for side in &mut sides {
                        let total = 1e6 * (1.0 + noise * normal());
                        side.extend(examples::samples(&[total as u64]));
                    }
                    let [before, after] = &sides;
                    let precision = precision(before, std::slice::from_ref(after), Confidence::P95);
                    if before.len() >= 10 && precision.is_some_and(|percent| percent <= 2.0) {
                        break;
                    }
                }
                let [before, after] = sides.map(|side| totals(&side));
                let level = Stopping::Precise.level(Confidence::P95);
                wrong += usize::from(TTest::paired(&before, &after).unwrap().proves(level));
                rounds += before.len();
            }
            let wrong = 100.0 * wrong as f64 / COMPARISONS as f64;
            println!(
                "{noise}: {wrong:.1} % after {} rounds",
                rounds / COMPARISONS
            );
            assert!(wrong <= 6.0, "{noise}: {wrong}");
        }
    }

    #[test]
    fn equals_are_proven_to_be_equal() {
        let before = [1000, 1020, 970, 990, 1040, 1010, 980];
        let mut report = compared("epoch", &before, &before.map(|total| total + 3));
        let mut within = |percent| {
            let (trackers, level) = (&report.trackers, Confidence::P95);
            test_equivalence(trackers, &mut report.comparisons, percent, level);
            let evidence = report.comparisons[0].evidence.as_ref().unwrap();
            evidence.equivalence.as_ref().unwrap().proven
        };
        assert!(within(3.0) && !within(0.1));
    }

    #[test]
    fn short_samples_have_no_other_warning() {
        let samples: Vec<_> = (0..60)
            .flat_map(|index| examples::counted_samples(1, 1, 1 + index % 2))
            .collect();
        let expected = [Warning::FewIterations { iterations: 2 }];
        assert_eq!(warnings(&samples), expected);
        assert_eq!(resolution(&examples::counted_samples(6, 2, 50)), None);
        assert_eq!(resolution(&examples::samples(&[1, 2])), None);
        let none = [Warning::FewIterations { iterations: 0 }];
        assert_eq!(warnings(&examples::counted_samples(6, 1, 0)), none);
    }

    #[test]
    fn a_tracker_that_did_nothing_is_no_result() {
        let trackers = [report("none", &[0; 3]), report("none", &[0; 3])];
        assert!(compare(&trackers, Confidence::P95, Stopping::Fixed).is_err());
    }
}
