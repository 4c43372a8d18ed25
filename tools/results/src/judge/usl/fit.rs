// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fitting the law to measurements, by least squares.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DVector, Dyn, OMatrix, Owned, U3, Vector3};

use super::{Law, MIN_POINTS};

/// Mean of the samples with one number of tasks.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// The number of tasks.
    pub tasks: f64,
    /// Mean of the samples, per second.
    pub mean: f64,
    /// Number of samples.
    pub samples: usize,
}

/// Starting points (sigma, kappa) of the search: little of both, much contention, much coherency.
const STARTS: [(f64, f64); 3] = [(0.01, 0.0001), (0.5, 0.001), (0.01, 0.1)];

/// Part of the slowdown that counts as 0.
const NEGLIGIBLE: f64 = 1e-6;

/// Fits the law to all samples. Returns `None` with too few numbers of tasks, or if no iteration
/// was done.
///
/// The sum of squares over all samples is minimal where the sum over the means is, each weighted
/// by its number of samples: the remainder does not depend on the law.
pub fn fit(means: &[Mean]) -> Option<Law> {
    let starts = STARTS.map(|(sigma, kappa)| Law {
        lambda: means.first().map_or(0.0, |mean| mean.mean / mean.tasks),
        sigma,
        kappa,
    });
    fit_from(&starts, means)
}

/// Fits the law like [`fit`], but searches from these starting points.
pub fn fit_from(starts: &[Law], means: &[Mean]) -> Option<Law> {
    let scale = means.iter().map(|mean| mean.mean).fold(0.0, f64::max);
    if means.len() < MIN_POINTS || scale <= 0.0 {
        return None;
    }
    let search = |free: [bool; 2]| {
        let laws = starts.iter().filter_map(move |start| {
            let problem = Problem::new(means, scale, *start, free);
            let (problem, _) = LevenbergMarquardt::new().minimize(problem);
            problem.solution()
        });
        laws.min_by(|(one, _), (other, _)| one.total_cmp(other))
    };
    // Neither parameter may be negative. Where the best fit has a negative one, the best allowed
    // fit has that one, the other, or both at 0.
    let best = search([true, true]).or_else(|| {
        let bounded = [[true, false], [false, true], [false, false]];
        let laws = bounded.into_iter().filter_map(search);
        laws.min_by(|(one, _), (other, _)| one.total_cmp(other))
    });
    best.map(|(_, law)| law)
}

/// Least-squares problem in units of the highest mean, so that all parameters are of a similar
/// size.
struct Problem<'a> {
    means: &'a [Mean],
    scale: f64,
    /// Selects whether sigma and kappa may change; they are 0 otherwise.
    free: [bool; 2],
    law: Law,
}

impl<'a> Problem<'a> {
    fn new(means: &'a [Mean], scale: f64, start: Law, free: [bool; 2]) -> Self {
        let start_of = |free, value| if free { value } else { 0.0 };
        Self {
            means,
            scale,
            free,
            law: Law {
                lambda: start.lambda / scale,
                sigma: start_of(free[0], start.sigma),
                kappa: start_of(free[1], start.kappa),
            },
        }
    }

    /// Returns the slowdown, kept away from 0, where the law has no meaning;
    /// [`solution`](Self::solution) discards such a law.
    fn slowdown(&self, tasks: f64) -> f64 {
        self.law.slowdown(tasks).max(NEGLIGIBLE)
    }

    /// Returns the sum of the squares and the law, or `None` if the law is not allowed.
    fn solution(&self) -> Option<(f64, Law)> {
        let Law {
            lambda,
            sigma,
            kappa,
        } = self.law;
        let squares = self.residuals()?.norm_squared();
        let allowed = lambda > 0.0 && sigma >= 0.0 && kappa >= 0.0 && squares.is_finite();
        let most = self.means.iter().map(|mean| mean.tasks).fold(1.0, f64::max);
        // A parameter that makes no difference is a rounding error.
        let significant = |parameter: f64, factor: f64| {
            if parameter * factor < NEGLIGIBLE {
                0.0
            } else {
                parameter
            }
        };
        allowed.then_some((
            squares,
            Law {
                lambda: lambda * self.scale,
                sigma: significant(sigma, most),
                kappa: significant(kappa, most * most),
            },
        ))
    }
}

impl LeastSquaresProblem<f64, Dyn, U3> for Problem<'_> {
    type ParameterStorage = Owned<f64, U3>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, U3>;

    fn set_params(&mut self, parameters: &Vector3<f64>) {
        self.law = Law {
            lambda: parameters.x,
            sigma: parameters.y,
            kappa: parameters.z,
        };
    }

    fn params(&self) -> Vector3<f64> {
        Vector3::new(self.law.lambda, self.law.sigma, self.law.kappa)
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let residuals = self.means.iter().map(|mean| {
            let law = self.law.lambda * mean.tasks / self.slowdown(mean.tasks);
            (law - mean.mean / self.scale) * (mean.samples as f64).sqrt()
        });
        Some(DVector::from_iterator(self.means.len(), residuals))
    }

    fn jacobian(&self) -> Option<OMatrix<f64, Dyn, U3>> {
        let rows: Vec<_> = self
            .means
            .iter()
            .map(|&Mean { tasks, samples, .. }| {
                let slowdown = self.slowdown(tasks);
                let by_lambda = tasks / slowdown;
                let by_sigma = -self.law.lambda * by_lambda * (tasks - 1.0) / slowdown;
                let free = |index: usize| if self.free[index] { 1.0 } else { 0.0 };
                let row = nalgebra::RowVector3::new(
                    by_lambda,
                    by_sigma * free(0),
                    by_sigma * tasks * free(1),
                );
                row * (samples as f64).sqrt()
            })
            .collect();
        Some(OMatrix::<f64, Dyn, U3>::from_rows(&rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASKS: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

    fn measured(x: impl Fn(f64) -> f64) -> Vec<Mean> {
        let mean = |tasks| Mean {
            tasks,
            mean: x(tasks),
            samples: 5,
        };
        TASKS.map(mean).to_vec()
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
}
