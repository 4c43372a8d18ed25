// SPDX-License-Identifier: MIT OR Apache-2.0

//! Ratio of two means by the paired test.

use statrs::statistics::Statistics;

use crate::{Interval, TTest, critical_value};

/// Returns the ratios of the second mean to the baseline's that the paired test does not refute at a
/// level such as 0.95: sample `i` of both sides was taken in round `i` (E. C. Fieller, *Some problems
/// in interval estimation*, Journal of the Royal Statistical Society B 16, 1954).
///
/// So the interval excludes 1 if and only if [`TTest::paired`] proves a difference.
///
/// Returns `None` with fewer than two rounds, if one side has more samples than the other, and if
/// the baseline's mean may be 0, so that the ratio has no bounds.
pub fn paired_ratio(baseline: &[f64], samples: &[f64], level: f64) -> Option<Interval> {
    let n = samples.len();
    if n < 2 || n != baseline.len() {
        return None;
    }
    let (before, after) = (baseline.mean(), samples.mean());
    let t = critical_value(level, (n - 1) as f64);
    // Twice the doubt about each mean, and about their product.
    let doubt = |one: &[f64], other: &[f64]| t * t * one.covariance(other) / n as f64;
    let a = before * before - doubt(baseline, baseline);
    let b = before * after - doubt(baseline, samples);
    let c = after * after - doubt(samples, samples);
    let root = (b * b - a * c).max(0.0).sqrt();
    let interval = Interval {
        low: (b - root) / a,
        high: (b + root) / a,
    };
    let bounded = a > 0.0 && interval.low.is_finite() && interval.high.is_finite();
    bounded.then_some(interval)
}

/// Tests whether the second mean is within a share such as 0.03 of the baseline's, by two one-sided
/// paired tests (D. J. Schuirmann, *A comparison of the two one-sided tests procedure and the power
/// approach*, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). Returns the p-value.
///
/// It is below 0.05 if and only if the interval of [`paired_ratio`] at 0.9 is within these bounds.
///
/// Returns `None` with fewer than two rounds, or if one side has more samples than the other.
pub fn equivalence(baseline: &[f64], samples: &[f64], within: f64) -> Option<f64> {
    let scaled = |factor: f64| -> Vec<f64> { baseline.iter().map(|of| factor * of).collect() };
    let above = TTest::paired(&scaled(1.0 - within), samples)?.p_greater();
    let below = TTest::paired(samples, &scaled(1.0 + within))?.p_greater();
    Some(above.max(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: [f64; 7] = [100.0, 102.0, 97.0, 99.0, 104.0, 101.0, 98.0];

    fn times(factor: f64) -> Vec<f64> {
        let noise = [0.4, -0.3, 0.1, -0.2, 0.5, -0.6, 0.1];
        let pairs = BEFORE.iter().zip(noise);
        pairs
            .map(|(before, noise)| factor * before + noise)
            .collect()
    }

    #[test]
    fn the_interval_excludes_1_where_the_paired_test_proves_a_difference() {
        for step in -100..=100 {
            let after = times(1.0 + f64::from(step) / 10_000.0);
            let proven = TTest::paired(&BEFORE, &after).unwrap().proves(0.95);
            let interval = paired_ratio(&BEFORE, &after, 0.95).unwrap();
            assert_eq!(interval.contains(1.0), !proven, "{step}: {interval:?}");
        }
    }

    #[test]
    fn equivalence_is_that_of_the_interval_of_twice_the_level() {
        for step in -100..=100 {
            let after = times(1.0 + f64::from(step) / 2500.0);
            let p = equivalence(&BEFORE, &after, 0.03).unwrap();
            let interval = paired_ratio(&BEFORE, &after, 0.9).unwrap();
            let within = interval.low > 0.97 && interval.high < 1.03;
            assert_eq!(p < 0.05, within, "{step}: {p} {interval:?}");
        }
        assert_eq!(equivalence(&[7.0; 5], &[7.0; 5], 0.01), Some(0.0));
        assert_eq!(equivalence(&[7.0; 5], &[8.0; 5], 0.01), Some(1.0));
    }

    #[test]
    fn without_bounds_there_is_no_interval() {
        let wild = [-100.0, 100.0, -90.0, 95.0, 1.0];
        assert_eq!(paired_ratio(&wild, &wild.map(|of| of + 1.0), 0.95), None);
        assert_eq!(paired_ratio(&BEFORE[..1], &BEFORE[..1], 0.95), None);
        assert_eq!(paired_ratio(&BEFORE[..2], &BEFORE[..3], 0.95), None);
        let exact = paired_ratio(&[7.0; 5], &[14.0; 5], 0.95).unwrap();
        assert_eq!((exact.low, exact.high), (2.0, 2.0));
    }
}
