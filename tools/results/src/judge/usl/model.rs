// SPDX-License-Identifier: MIT OR Apache-2.0

//! The law of one tracker, with confidence intervals and the quality of the fit.

use ministat::Confidence;

use super::Law;
use super::fit::{Mean, fit, fit_from};
use crate::judge::Curve;
use crate::record::{Estimate, Model, Peak};

/// Number of resamplings.
const RESAMPLINGS: usize = 1000;

/// Seed of the resampling, fixed so that the same samples have the same intervals.
const SEED: u64 = 2018;

impl Model {
    /// Fits the law to a curve. Returns `None` with too few numbers of tasks, or if no iteration
    /// was done.
    pub fn of(curve: &Curve<'_>, confidence: Confidence) -> Option<Self> {
        let totals: Vec<(f64, Vec<f64>)> = curve
            .points
            .iter()
            .map(|(tasks, report)| {
                let totals = report.samples.iter().map(|sample| sample.total as f64);
                (*tasks as f64, totals.collect())
            })
            .collect();
        let means = curve.means();
        let law = fit(&means)?;
        let laws = resampled(law, &totals, confidence);
        let interval = |parameter: fn(&Law) -> f64| {
            let (low, high) = interval(laws.iter().map(parameter).collect(), confidence);
            let value = parameter(&law);
            // The interval includes the best fit of all samples.
            Estimate {
                value,
                low: low.min(value),
                high: high.max(value),
            }
        };
        let peak = interval(|law| law.peak().unwrap_or(f64::INFINITY));
        let finite = |tasks: f64| Some(tasks).filter(|tasks| tasks.is_finite());
        Some(Self {
            tracker: curve.tracker.into(),
            lambda: interval(|law| law.lambda),
            sigma: interval(|law| law.sigma),
            kappa: interval(|law| law.kappa),
            peak: Peak {
                tasks: finite(peak.value),
                low: finite(peak.low),
                high: finite(peak.high),
            },
            r_squared: r_squared(&law, &totals),
            deviation: deviation(&law, &means),
        })
    }

    /// Returns whether the samples contradict the model. An almost flat curve has hardly any
    /// variance to explain, so R^2 alone is not enough.
    pub fn is_bad(&self) -> bool {
        self.deviation > 0.1 || (self.r_squared < 0.9 && self.deviation > 0.05)
    }
}

/// Fits the law to resampled data: for each number of tasks, as many samples as were taken, drawn
/// from those with replacement.
///
/// Means of few resampled values scatter too little. Here they are scaled so that their own
/// confidence intervals are those of Student's t.
fn resampled(law: Law, totals: &[(f64, Vec<f64>)], confidence: Confidence) -> Vec<Law> {
    let normal = confidence.critical_value(usize::MAX);
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut draw = |(tasks, totals): &(f64, Vec<f64>)| {
        let count = totals.len();
        let drawn: Vec<_> = (0..count).map(|_| totals[random.usize(..count)]).collect();
        let mean = average(totals);
        let freedom = count.saturating_sub(1).max(1);
        let bias = (count as f64 / freedom as f64).sqrt();
        let wider = bias * confidence.critical_value(freedom) / normal;
        Mean {
            tasks: *tasks,
            mean: (mean + wider * (average(&drawn) - mean)).max(0.0),
            samples: count,
        }
    };
    let fits = (0..RESAMPLINGS).filter_map(|_| {
        let means: Vec<_> = totals.iter().map(&mut draw).collect();
        fit_from(&[start(law)], &means)
    });
    fits.collect()
}

/// Returns a starting point whose parameters are not 0, since a search cannot leave 0.
fn start(law: Law) -> Law {
    Law {
        sigma: law.sigma.max(1e-4),
        kappa: law.kappa.max(1e-6),
        ..law
    }
}

/// Returns the interval that holds `confidence` percent of the values.
fn interval(mut values: Vec<f64>, confidence: Confidence) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return (f64::NEG_INFINITY, f64::INFINITY);
    };
    let outside = (1.0 - confidence.percent() / 100.0) / 2.0;
    let at = |share: f64| values[(share * last as f64).round() as usize];
    (at(outside), at(1.0 - outside))
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn r_squared(law: &Law, totals: &[(f64, Vec<f64>)]) -> f64 {
    let all: Vec<_> = totals
        .iter()
        .flat_map(|(_, totals)| totals.clone())
        .collect();
    let mean = average(&all);
    let around_mean: f64 = all.iter().map(|total| (total - mean).powi(2)).sum();
    let around_law = totals.iter().flat_map(|(tasks, totals)| {
        let law = law.at(*tasks);
        totals.iter().map(move |total| (total - law).powi(2))
    });
    if around_mean > 0.0 {
        1.0 - around_law.sum::<f64>() / around_mean
    } else {
        // No variance to explain.
        1.0
    }
}

fn deviation(law: &Law, means: &[Mean]) -> f64 {
    let highest = means.iter().map(|mean| mean.mean).fold(0.0, f64::max);
    let deviations = means
        .iter()
        .map(|mean| (law.at(mean.tasks) - mean.mean).abs());
    deviations.fold(0.0, f64::max) / highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::record::TrackerReport;

    const TASKS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

    /// Samples of a curve, each offset by `noise`.
    fn reports(x: impl Fn(f64) -> f64, mut noise: impl FnMut() -> f64) -> Vec<TrackerReport> {
        let report = |tasks: usize| {
            let mut total = || (x(tasks as f64) * (1.0 + noise())).round() as u64;
            examples::report("epoch", &[(); 5].map(|()| total()))
        };
        TASKS.map(report).into()
    }

    fn model(reports: &[TrackerReport]) -> Model {
        let curve = Curve {
            tracker: "epoch",
            points: TASKS.into_iter().zip(reports).collect(),
        };
        Model::of(&curve, Confidence::P95).unwrap()
    }

    /// Returns roughly normal noise with this standard deviation.
    fn noise(seed: u64, deviation: f64) -> impl FnMut() -> f64 {
        let mut random = fastrand::Rng::with_seed(seed);
        move || {
            let sum: f64 = (0..12).map(|_| random.f64()).sum();
            (sum - 6.0) * deviation
        }
    }

    const LAW: Law = Law {
        lambda: 100_000.0,
        sigma: 0.03,
        kappa: 0.001,
    };

    #[test]
    fn known_parameters_are_within_their_intervals() {
        let mut within = [0; 3];
        for seed in 0..10 {
            let model = model(&reports(|tasks| LAW.at(tasks), noise(seed, 0.03)));
            assert!(model.r_squared > 0.95 && !model.is_bad(), "{model:?}");
            let pairs = [
                (model.lambda, LAW.lambda),
                (model.sigma, LAW.sigma),
                (model.kappa, LAW.kappa),
            ];
            for (within, (estimate, truth)) in within.iter_mut().zip(pairs) {
                *within += usize::from(estimate.low <= truth && truth <= estimate.high);
            }
        }
        // 19 of 20 on average.
        assert!(within.iter().all(|&within| within >= 8), "{within:?}");
    }

    #[test]
    fn the_same_samples_have_the_same_model() {
        let reports = reports(|tasks| LAW.at(tasks), noise(1, 0.05));
        assert_eq!(model(&reports), model(&reports));
    }

    #[test]
    fn exact_samples_leave_no_doubt() {
        let exact = reports(|tasks| LAW.at(tasks), || 0.0);
        let exact = model(&exact);
        let near = |of: Estimate, value: f64| {
            let all = [of.value, of.low, of.high];
            assert!(
                all.iter().all(|of| (of / value - 1.0).abs() < 1e-6),
                "{of:?}"
            );
        };
        near(exact.lambda, LAW.lambda);
        near(exact.sigma, LAW.sigma);
        near(exact.kappa, LAW.kappa);
        let peak = |tasks: Option<f64>| (tasks.unwrap() - 31.1).abs() < 0.05;
        assert!(
            [exact.peak.tasks, exact.peak.low, exact.peak.high]
                .into_iter()
                .all(peak)
        );
        assert!((exact.r_squared - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_flat_curve_is_no_bad_fit() {
        let model = model(&reports(|_| 5000.0, noise(3, 0.02)));
        assert!(!model.is_bad(), "{model:?}");
        assert!((0.9..1.1).contains(&model.sigma.value), "{model:?}");
        assert!(model.kappa.low == 0.0, "{model:?}");
    }

    #[test]
    fn a_straight_line_has_no_peak() {
        let exact = model(&reports(|tasks| 1000.0 * tasks, || 0.0));
        assert_eq!((exact.peak.tasks, exact.peak.low), (None, None));
        let noisy = model(&reports(|tasks| 1000.0 * tasks, noise(4, 0.03)));
        assert_eq!((noisy.sigma.low, noisy.kappa.low), (0.0, 0.0));
        assert_eq!(noisy.peak.high, None);
    }

    #[test]
    fn contention_alone_has_no_peak() {
        let law = Law { kappa: 0.0, ..LAW };
        let noisy = model(&reports(|tasks| law.at(tasks), noise(7, 0.02)));
        assert_eq!((noisy.kappa.low, noisy.peak.high), (0.0, None), "{noisy:?}");
        let sigma = noisy.sigma;
        assert!(sigma.low < 0.03 && 0.03 < sigma.high, "{noisy:?}");
    }

    #[test]
    fn samples_beyond_the_law_are_a_bad_fit() {
        let zigzag = |tasks: f64| {
            if tasks.log2() % 2.0 == 0.0 {
                1000.0
            } else {
                3000.0
            }
        };
        let model = model(&reports(zigzag, noise(6, 0.02)));
        assert!(model.is_bad(), "{model:?}");
    }
}
