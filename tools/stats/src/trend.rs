// SPDX-License-Identifier: MIT OR Apache-2.0

//! Test for samples that rise or fall while they are taken.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::statistics::{Data, Median, Statistics};

use crate::MIN_SAMPLES;

/// A trend, which need not be a straight line, and is robust against outliers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The two-sided p-value of the test of H. B. Mann (*Nonparametric tests
    /// against trend*, Econometrica 13, 1945) and M. G. Kendall, in its normal
    /// approximation, corrected for continuity and for samples that are equal.
    pub p: f64,
    /// Change from the first sample to the last one, in percent of their mean: from the slope of
    /// H. Theil (1950) and P. K. Sen (*Estimates of the regression coefficient based on Kendall's
    /// tau*, Journal of the American Statistical Association 63, 1968), the median of the slopes
    /// between all pairs.
    pub percent: f64,
}

impl Trend {
    /// Computes the trend of samples in the order in which they were taken.
    ///
    /// Returns `None` with fewer than [`MIN_SAMPLES`] samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        if samples.len() < MIN_SAMPLES {
            return None;
        }
        let mut rises = 0.0;
        let mut slopes = Vec::with_capacity(samples.len() * (samples.len() - 1) / 2);
        for (index, later) in samples.iter().enumerate() {
            for (before, earlier) in samples[..index].iter().rev().enumerate() {
                let rise = later - earlier;
                rises += if rise == 0.0 { 0.0 } else { rise.signum() };
                slopes.push(rise / (before + 1) as f64);
            }
        }
        let slope = Data::new(slopes).median();
        Some(Self {
            p: p(rises, variance(samples)),
            percent: 100.0 * slope * (samples.len() - 1) as f64 / samples.mean(),
        })
    }
}

/// Returns Kendall's variance of the number of rising pairs minus that of falling pairs.
fn variance(samples: &[f64]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties = sorted.chunk_by(|one, other| one == other);
    let of_ties: f64 = ties.map(|equals| term(equals.len() as f64)).sum();
    term(samples.len() as f64) - of_ties
}

fn p(rises: f64, variance: f64) -> f64 {
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (rises.abs() - 1.0).max(0.0) / variance.sqrt();
    2.0 * Normal::standard().sf(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_its_own_slope() {
        let samples: Vec<f64> = (0..11).map(|index| 95.0 + f64::from(index)).collect();
        let trend = Trend::of(&samples).unwrap();
        assert!((trend.percent - 10.0).abs() < 1e-9);
        // All 55 pairs rise: z = 54 / sqrt(165).
        assert!((trend.p - 2.624e-5).abs() < 1e-8, "{trend:?}");
    }

    #[test]
    fn equal_samples_count_for_less() {
        let samples = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 1.0, 5.0, 5.0, 6.0];
        // 11 * 10 * 27 / 18, minus three pairs and a triple.
        let variance = variance(&samples);
        let by_hand = 165.0 - 3.0 * 1.0 - 11.0 / 3.0;
        assert!((variance - by_hand).abs() < 1e-9, "{variance}");
    }

    #[test]
    fn one_outlier_is_no_trend() {
        let mut samples = vec![100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 99.8, 100.1, 99.9];
        samples.push(1000.0);
        let trend = Trend::of(&samples).unwrap();
        assert!(trend.p > 0.5 && trend.percent.abs() < 1.0, "{trend:?}");
    }

    #[test]
    fn samples_without_spread_have_no_trend() {
        let trend = Trend::of(&[5.0; 10]).unwrap();
        assert_eq!((trend.p, trend.percent), (1.0, 0.0));
        assert_eq!(Trend::of(&[1.0, 2.0, 3.0, 4.0, 5.0]), None);
    }
}
