// SPDX-License-Identifier: MIT OR Apache-2.0

//! Gunther's Universal Scalability Law, a model of throughput as a function of the number of
//! tasks, fitted to a tracker's curve.
//!
//! The law (N. J. Gunther, *Guerrilla Capacity Planning*, 2007) is linear in the time that an
//! iteration takes: `N / X(N) = (1 + sigma (N - 1) + kappa N (N - 1)) / lambda`. So the fit is a
//! linear regression of three coefficients, weighted for errors of `X` in proportion to `X`.
//!
//! The intervals are those of the regression. Their width comes from the distances of the means
//! from the law, and not from the spread of the samples: noise that all samples with one number of
//! tasks share is usually the larger part. Of 2000 intervals at 95 % for seven numbers of tasks,
//! 94 to 96 % hold the truth, whether the noise is of samples or of numbers of tasks.

use ministat::Confidence;

use super::{Curve, level};
use crate::record::{Estimate, Model, Peak};

/// Fewest numbers of tasks that the law is fitted to: one more than it has parameters.
pub const MIN_POINTS: usize = 4;

/// The law: `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Iterations of a single task a second.
    pub lambda: f64,
    /// Contention: the share of the time that only one task can have.
    pub sigma: f64,
    /// Coherency: the cost of each pair of tasks.
    pub kappa: f64,
}

impl Law {
    /// Returns the iterations of this many tasks a second.
    pub fn at(&self, tasks: f64) -> f64 {
        self.lambda * tasks / self.slowdown(tasks)
    }

    fn slowdown(&self, tasks: f64) -> f64 {
        1.0 + self.sigma * (tasks - 1.0) + self.kappa * tasks * (tasks - 1.0)
    }

    /// Returns the number of tasks with the highest throughput, at least one, or `None` if
    /// throughput always rises with tasks.
    pub fn peak(&self) -> Option<f64> {
        if self.sigma >= 1.0 {
            Some(1.0)
        } else if self.kappa > 0.0 {
            Some(((1.0 - self.sigma) / self.kappa).sqrt().max(1.0))
        } else {
            None
        }
    }
}

/// Mean of the samples with one number of tasks.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// The number of tasks.
    pub tasks: f64,
    /// Mean of the samples, per second.
    pub mean: f64,
}

/// Part of the slowdown that counts as 0.
const NEGLIGIBLE: f64 = 1e-6;

/// Rounds in which the weights are taken from the law of the round before.
const ROUNDS: usize = 8;

/// Fits the law to means. Returns `None` with too few numbers of tasks, or if no iteration was
/// done.
pub fn fit(means: &[Mean]) -> Option<Law> {
    Regression::of(means).map(|regression| regression.law())
}

/// Regression of `N / X` on `1`, `N - 1` and `N (N - 1)`; the last two are scaled to 1 with the
/// most tasks, so that all coefficients are of a similar size.
struct Regression {
    /// The coefficients, none of which is negative.
    allowed: [f64; 3],
    /// The coefficients of the best fit, and the inverse of its normal equations.
    best: [f64; 3],
    inverse: [[f64; 3]; 3],
    /// Variance of the relative errors, with `freedom` degrees of freedom.
    variance: f64,
    freedom: usize,
    scale: [f64; 3],
}

impl Regression {
    fn of(means: &[Mean]) -> Option<Self> {
        if means.len() < MIN_POINTS || means.iter().any(|mean| mean.mean <= 0.0) {
            return None;
        }
        let most = means.iter().map(|mean| mean.tasks).fold(1.0, f64::max);
        let scale = [1.0, most - 1.0, most * (most - 1.0)];
        let row = |mean: &Mean| {
            let tasks = mean.tasks;
            [
                1.0,
                (tasks - 1.0) / scale[1],
                tasks * (tasks - 1.0) / scale[2],
            ]
        };
        let rows: Vec<_> = means.iter().map(row).collect();
        let times: Vec<_> = means.iter().map(|mean| mean.tasks / mean.mean).collect();
        let mut fitted = times.clone();
        let mut last = None;
        for _ in 0..ROUNDS {
            let normal = Normal::new(&rows, &times, &fitted);
            let (best, inverse) = normal.solve([true; 3])?;
            let allowed = normal.solve_allowed()?;
            fitted = rows.iter().map(|row| dot(row, &allowed)).collect();
            last = Some((best, inverse, allowed));
        }
        let (best, inverse, allowed) = last?;
        let errors = rows.iter().zip(&times).zip(&fitted);
        let squares =
            errors.map(|((row, time), fitted)| ((time - dot(row, &best)) / fitted).powi(2));
        let freedom = means.len() - 3;
        Some(Self {
            allowed,
            best,
            inverse,
            variance: squares.sum::<f64>() / freedom as f64,
            freedom,
            scale,
        })
    }

    fn law(&self) -> Law {
        let [a, b, c] = self.allowed;
        // A coefficient that makes no difference is a rounding error.
        let relative = |of: f64, scale: f64| {
            let share = of / a;
            if share < NEGLIGIBLE {
                0.0
            } else {
                share / scale
            }
        };
        Law {
            lambda: 1.0 / a,
            sigma: relative(b, self.scale[1]),
            kappa: relative(c, self.scale[2]),
        }
    }

    /// Returns the confidence interval of lambda, the reciprocal of the first coefficient.
    fn lambda(&self, confidence: Confidence) -> (f64, f64) {
        let t = epoch_stats::critical_value(level(confidence), self.freedom as f64);
        let error = t * (self.variance * self.inverse[0][0]).sqrt();
        let (low, high) = (self.best[0] - error, self.best[0] + error);
        (
            1.0 / high,
            if low > 0.0 { 1.0 / low } else { f64::INFINITY },
        )
    }

    /// Returns the confidence interval of a ratio of two linear combinations of the coefficients
    /// (E. C. Fieller, *Some problems in interval estimation*, Journal of the Royal Statistical
    /// Society B 16, 1954), as far as it is positive. Its ends may be infinite.
    fn ratio(&self, above: [f64; 3], below: [f64; 3], confidence: Confidence) -> (f64, f64) {
        let t = epoch_stats::critical_value(level(confidence), self.freedom as f64);
        let doubt = t * t * self.variance;
        let covariance = |one: &[f64; 3], other: &[f64; 3]| {
            let product: [f64; 3] = std::array::from_fn(|i| dot(&self.inverse[i], other));
            doubt * dot(one, &product)
        };
        let (u, v) = (dot(&above, &self.best), dot(&below, &self.best));
        let a = v * v - covariance(&below, &below);
        let b = u * v - covariance(&above, &below);
        let c = u * u - covariance(&above, &above);
        let root = (b * b - a * c).max(0.0).sqrt();
        if a > 0.0 {
            (((b - root) / a).max(0.0), ((b + root) / a).max(0.0))
        } else if u > 0.0 && c > 0.0 {
            // `below` may be 0, and the ratio is at least this.
            (c / (b + root).max(f64::MIN_POSITIVE), f64::INFINITY)
        } else {
            (0.0, f64::INFINITY)
        }
    }
}

/// Normal equations of a weighted regression.
struct Normal {
    matrix: [[f64; 3]; 3],
    right: [f64; 3],
}

impl Normal {
    /// Each equation is divided by what was `fitted` before: errors are relative.
    fn new(rows: &[[f64; 3]], times: &[f64], fitted: &[f64]) -> Self {
        let mut normal = Self {
            matrix: [[0.0; 3]; 3],
            right: [0.0; 3],
        };
        for ((row, time), fitted) in rows.iter().zip(times).zip(fitted) {
            let row = row.map(|of| of / fitted);
            for i in 0..3 {
                for j in 0..3 {
                    normal.matrix[i][j] += row[i] * row[j];
                }
                normal.right[i] += row[i] * time / fitted;
            }
        }
        normal
    }

    /// Solves the equations with the other coefficients 0. Returns the inverse, too, or `None` if
    /// there is none.
    fn solve(&self, free: [bool; 3]) -> Option<([f64; 3], [[f64; 3]; 3])> {
        let mut rows: [[f64; 6]; 3] = std::array::from_fn(|i| {
            std::array::from_fn(|j| match j {
                _ if j == i + 3 => 1.0,
                0..3 if free[i] && free[j] => self.matrix[i][j],
                0..3 if i == j => 1.0,
                _ => 0.0,
            })
        });
        // By Gauss and Jordan; the matrix is positive definite, and needs no pivot.
        for i in 0..3 {
            let pivot = rows[i][i];
            if free[i] && pivot <= f64::EPSILON * self.matrix[i][i] {
                return None;
            }
            rows[i] = rows[i].map(|of| of / pivot);
            let row = rows[i];
            for (_, other) in rows.iter_mut().enumerate().filter(|(j, _)| *j != i) {
                let factor = other[i];
                *other = std::array::from_fn(|j| other[j] - factor * row[j]);
            }
        }
        let inverse = rows.map(|row| [row[3], row[4], row[5]]);
        let right: [f64; 3] = std::array::from_fn(|i| if free[i] { self.right[i] } else { 0.0 });
        Some((std::array::from_fn(|i| dot(&inverse[i], &right)), inverse))
    }

    /// Returns the best coefficients of which none is negative: those of the best fit, or, where
    /// it has a negative one, the best with one of the last two, or both, at 0.
    fn solve_allowed(&self) -> Option<[f64; 3]> {
        let solve = |free| {
            let (coefficients, _) = self.solve(free)?;
            let allowed = coefficients[0] > 0.0 && coefficients.iter().all(|of| *of >= 0.0);
            allowed.then_some(coefficients)
        };
        let all = solve([true; 3]);
        let bounded = [
            [true, true, false],
            [true, false, true],
            [true, false, false],
        ];
        let gain = |of: &[f64; 3]| dot(of, &self.right);
        let bounded = bounded.into_iter().filter_map(solve);
        all.or_else(|| bounded.max_by(|one, other| gain(one).total_cmp(&gain(other))))
    }
}

fn dot(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

impl Model {
    /// Fits the law to a curve. Returns `None` with too few numbers of tasks, if no iteration was
    /// done, and if the means leave a parameter without bounds.
    pub fn of(curve: &Curve<'_>, confidence: Confidence) -> Option<Self> {
        let means = curve.means();
        let regression = Regression::of(&means)?;
        let law = regression.law();
        // An interval includes the best fit that is allowed.
        let estimate = |value: f64, (low, high): (f64, f64)| Estimate {
            value,
            low: low.min(value),
            high: high.max(value),
        };
        let ratio = |above, below| regression.ratio(above, below, confidence);
        let [_, b, c] = regression.scale.map(f64::recip);
        // The peak is at the root of (1 - sigma) / kappa, and at one task at least.
        let (low, high) = ratio([1.0, -b, 0.0], [0.0, 0.0, c]);
        let tasks = |square: f64| square.sqrt().max(1.0);
        let peak = estimate(
            law.peak().unwrap_or(f64::INFINITY),
            (tasks(low), tasks(high)),
        );
        // What is so far away is a rounding error.
        let most = means.iter().map(|mean| mean.tasks).fold(1.0, f64::max);
        let finite = |tasks: f64| Some(tasks).filter(|tasks| *tasks < most / NEGLIGIBLE);
        let lambda = estimate(law.lambda, regression.lambda(confidence));
        let sigma = estimate(law.sigma, ratio([0.0, b, 0.0], [1.0, 0.0, 0.0]));
        let kappa = estimate(law.kappa, ratio([0.0, 0.0, c], [1.0, 0.0, 0.0]));
        let bounded = [lambda, sigma, kappa].iter().all(|of| of.high.is_finite());
        bounded.then(|| Self {
            tracker: curve.tracker.into(),
            lambda,
            sigma,
            kappa,
            peak: Peak {
                tasks: finite(peak.value),
                low: finite(peak.low),
                high: finite(peak.high),
            },
            r_squared: r_squared(&law, curve),
            deviation: deviation(&law, &means),
        })
    }

    /// Returns whether the samples contradict the model. An almost flat curve has hardly any
    /// variance to explain, so R^2 alone is not enough.
    pub fn is_bad(&self) -> bool {
        self.deviation > 0.1 || (self.r_squared < 0.9 && self.deviation > 0.05)
    }
}

/// Returns the share of the samples' variance that the law explains.
fn r_squared(law: &Law, curve: &Curve<'_>) -> f64 {
    let samples = || {
        let points = curve.points.iter();
        points.flat_map(|(tasks, report)| {
            let samples = report.samples.iter();
            samples.map(|sample| (*tasks as f64, sample.total as f64))
        })
    };
    let mean = samples().map(|(_, total)| total).sum::<f64>() / samples().count().max(1) as f64;
    let around_mean: f64 = samples().map(|(_, total)| (total - mean).powi(2)).sum();
    let around_law = samples().map(|(tasks, total)| (total - law.at(tasks)).powi(2));
    if around_mean > 0.0 {
        1.0 - around_law.sum::<f64>() / around_mean
    } else {
        // No variance to explain.
        1.0
    }
}

/// Returns the largest distance of the law from a mean, as a share of the highest mean.
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

    /// Shares of 2000 models whose intervals hold lambda, sigma, kappa and the peak, with noise of
    /// samples, and of the numbers of tasks: what other programs, the clock and the memory's
    /// layout add to all samples of a point.
    fn coverage(of_samples: f64, of_points: f64) -> [f64; 4] {
        const MODELS: u64 = 2000;
        let mut within = [0; 4];
        for seed in 0..MODELS {
            let mut points = noise(MODELS + seed, of_points);
            let factors = TASKS.map(|_| 1.0 + points());
            let factor = |tasks: f64| factors[tasks.log2() as usize];
            let curve = |tasks: f64| LAW.at(tasks) * factor(tasks);
            let model = model(&reports(curve, noise(seed, of_samples)));
            let holds = |of: Estimate, truth: f64| of.low <= truth && truth <= of.high;
            let peak = LAW.peak().unwrap();
            let held = [
                holds(model.lambda, LAW.lambda),
                holds(model.sigma, LAW.sigma),
                holds(model.kappa, LAW.kappa),
                model.peak.low.is_some_and(|low| low <= peak)
                    && model.peak.high.is_none_or(|high| peak <= high),
            ];
            for (within, held) in within.iter_mut().zip(held) {
                *within += u32::from(held);
            }
        }
        within.map(|within| f64::from(within) / MODELS as f64)
    }

    #[test]
    fn intervals_hold_the_truth_whatever_the_noise_is_of() {
        for (of_samples, of_points) in [(0.03, 0.0), (0.01, 0.02), (0.0, 0.05)] {
            let coverage = coverage(of_samples, of_points);
            println!("samples {of_samples}, points {of_points}: {coverage:.3?}");
            let honest = |held: &f64| (0.93..=0.985).contains(held);
            assert!(coverage.iter().all(honest), "{of_points}: {coverage:?}");
        }
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
                all.iter().all(|of| (of / value - 1.0).abs() < 1e-4),
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
                1300.0
            }
        };
        let model = model(&reports(zigzag, noise(6, 0.02)));
        assert!(model.is_bad(), "{model:?}");
    }

    fn measured(x: impl Fn(f64) -> f64) -> Vec<Mean> {
        let mean = |tasks| Mean {
            tasks,
            mean: x(tasks),
        };
        TASKS[..6].iter().map(|tasks| mean(*tasks as f64)).collect()
    }

    #[track_caller]
    fn near(law: Law, lambda: f64, sigma: f64, kappa: f64) {
        let near = |one: f64, other: f64, within: f64| (one - other).abs() <= within;
        assert!(
            near(law.lambda, lambda, lambda * 1e-6)
                && near(law.sigma, sigma, 1e-6)
                && near(law.kappa, kappa, 1e-6),
            "{law:?}"
        );
    }

    #[test]
    fn known_parameters_are_found() {
        for (lambda, sigma, kappa) in [
            (18_000.0, 0.02, 0.0005),
            (0.7, 0.3, 0.05),
            (3e9, 0.9, 0.0),
            (1e5, 0.0, 0.01),
            (1e5, 2.0, 1.0),
            (100.0, 0.0, 0.0),
        ] {
            let law = Law {
                lambda,
                sigma,
                kappa,
            };
            near(
                fit(&measured(|tasks| law.at(tasks))).unwrap(),
                lambda,
                sigma,
                kappa,
            );
        }
    }

    #[test]
    fn a_flat_curve_is_all_contention() {
        near(fit(&measured(|_| 500.0)).unwrap(), 500.0, 1.0, 0.0);
    }

    #[test]
    fn more_than_linear_is_linear_at_best() {
        let law = fit(&measured(|tasks| 100.0 * tasks.powf(1.2))).unwrap();
        assert_eq!((law.sigma, law.kappa), (0.0, 0.0));
    }

    #[test]
    fn too_few_samples_are_not_fitted() {
        assert_eq!(fit(&measured(|tasks| tasks)[..3]), None);
        assert_eq!(fit(&measured(|_| 0.0)), None);
        assert_eq!(fit(&[]), None);
    }

    #[test]
    fn means_that_say_nothing_have_no_model() {
        let wild = |tasks: f64| 1000.0 * (1.0 + 9.0 * (tasks.log2() % 2.0));
        let reports = reports(wild, noise(6, 0.02));
        let points = TASKS.into_iter().zip(&reports).collect();
        let curve = Curve {
            tracker: "epoch",
            points,
        };
        assert_eq!(Model::of(&curve, Confidence::P95), None);
    }

    #[test]
    fn the_peak_is_where_more_tasks_do_less() {
        let law = Law {
            lambda: 1000.0,
            sigma: 0.02,
            kappa: 0.0005,
        };
        let peak = law.peak().unwrap();
        assert!((peak - 44.27).abs() < 0.01, "{peak}");
        assert!(law.at(peak) > law.at(peak - 1.0) && law.at(peak) > law.at(peak + 1.0));
        assert_eq!(law.at(1.0), 1000.0);
    }

    #[test]
    fn without_coherency_there_is_no_peak() {
        let law = |sigma, kappa| Law {
            lambda: 1.0,
            sigma,
            kappa,
        };
        assert_eq!(law(0.5, 0.0).peak(), None);
        assert_eq!(law(1.5, 0.0).peak(), Some(1.0));
        assert_eq!(law(0.0, 9.0).peak(), Some(1.0));
    }
}
