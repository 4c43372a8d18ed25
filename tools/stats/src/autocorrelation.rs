// SPDX-License-Identifier: MIT OR Apache-2.0

//! Dependence of samples on the previous one.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::statistics::Statistics;

use crate::{Interval, MIN_SAMPLES};

/// Correlation of each sample with the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autocorrelation {
    /// The coefficient, from -1 to 1.
    pub coefficient: f64,
    /// Interval of the coefficient of independent samples at the given level, from its mean of
    /// -1/n and variance of (n - 2)^2 / (n^2 (n - 1)) (P. A. P. Moran, *Some theorems on time
    /// series: II*, Biometrika 35, 1948) and the normal distribution.
    pub independent: Interval,
}

impl Autocorrelation {
    /// Computes the correlation of samples in the order in which they were taken, at a level such
    /// as 0.99.
    ///
    /// Returns `None` with fewer than [`MIN_SAMPLES`] samples, or if they have no spread.
    pub fn of(samples: &[f64], level: f64) -> Option<Self> {
        if samples.len() < MIN_SAMPLES {
            return None;
        }
        let n = samples.len() as f64;
        let mean = samples.mean();
        let products = |lag: usize| -> f64 {
            let pairs = samples.iter().zip(&samples[lag..]);
            pairs.map(|(one, next)| (one - mean) * (next - mean)).sum()
        };
        let squares = products(0);
        let error =
            Normal::standard().inverse_cdf(0.5 + level / 2.0) * (n - 2.0) / (n * (n - 1.0).sqrt());
        (squares > 0.0).then(|| Self {
            coefficient: products(1) / squares,
            independent: Interval {
                low: -1.0 / n - error,
                high: -1.0 / n + error,
            },
        })
    }

    /// Returns whether independent samples are unlikely to have this coefficient.
    pub fn is_significant(&self) -> bool {
        !self.independent.contains(self.coefficient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coefficient_is_that_of_its_definition() {
        // Around their mean: -2.5, -1.5, -0.5, 0.5, 1.5, 2.5.
        let correlation = Autocorrelation::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.99).unwrap();
        assert!((correlation.coefficient - 8.75 / 17.5).abs() < 1e-12);
        assert!(!correlation.is_significant());
    }

    #[test]
    fn alternation_counts_too() {
        let samples: Vec<f64> = (0..20).map(|index| f64::from(index % 2)).collect();
        let correlation = Autocorrelation::of(&samples, 0.99).unwrap();
        assert!((correlation.coefficient + 0.95).abs() < 1e-12);
        assert!(correlation.is_significant());
    }

    #[test]
    fn samples_without_spread_have_none() {
        assert_eq!(Autocorrelation::of(&[3.0; 10], 0.99), None);
        assert_eq!(Autocorrelation::of(&[1.0, 2.0], 0.99), None);
    }
}
