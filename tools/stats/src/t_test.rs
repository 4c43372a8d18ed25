// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tests whether two means differ, by Student's t distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::Statistics;

use crate::Interval;

/// Difference of two means, with its standard error.
#[derive(Clone, Copy, Debug)]
pub struct TTest {
    /// The second mean minus the baseline's, in the samples' unit.
    pub difference: f64,
    /// Standard error of `difference`, in the samples' unit.
    pub standard_error: f64,
    /// Degrees of freedom of t; Welch's need not be a whole number.
    pub degrees_of_freedom: f64,
    distribution: StudentsT,
}

impl TTest {
    /// Computes Student's test of independent samples from distributions of one variance (Student,
    /// *The probable error of a mean*, Biometrika 6, 1908).
    ///
    /// Returns `None` with fewer than two samples on a side.
    pub fn student(baseline: &[f64], samples: &[f64]) -> Option<Self> {
        let (n, m) = counts(baseline, samples)?;
        let squares = (n - 1.0) * baseline.variance() + (m - 1.0) * samples.variance();
        let pooled = squares / (n + m - 2.0);
        Self::new(
            samples.mean() - baseline.mean(),
            (pooled * (1.0 / n + 1.0 / m)).sqrt(),
            n + m - 2.0,
        )
    }

    /// Computes Welch's test of independent samples, whose variances may differ, with
    /// Satterthwaite's degrees of freedom (B. L. Welch, *The generalization of "Student's" problem
    /// when several different population variances are involved*, Biometrika 34, 1947).
    ///
    /// Returns `None` with fewer than two samples on a side.
    pub fn welch(baseline: &[f64], samples: &[f64]) -> Option<Self> {
        let (n, m) = counts(baseline, samples)?;
        let (of_baseline, of_samples) = (baseline.variance() / n, samples.variance() / m);
        let sum = of_baseline + of_samples;
        let degrees_of_freedom = if sum > 0.0 {
            // As shares of the sum, whose squares do not underflow.
            let share = of_baseline / sum;
            1.0 / (share.powi(2) / (n - 1.0) + (1.0 - share).powi(2) / (m - 1.0))
        } else {
            n + m - 2.0
        };
        Self::new(
            samples.mean() - baseline.mean(),
            sum.sqrt(),
            degrees_of_freedom,
        )
    }

    /// Computes Student's test of the differences within rounds: sample `i` of both sides was
    /// taken in round `i`, one right after the other.
    ///
    /// Effects common to a round are in both sides, and cancel out of the differences.
    ///
    /// Returns `None` with fewer than two rounds, or if one side has more samples than the other.
    pub fn paired(baseline: &[f64], samples: &[f64]) -> Option<Self> {
        let (n, _) = counts(baseline, samples)?;
        let differences = differences(baseline, samples)?;
        Self::new(
            (&differences).mean(),
            ((&differences).variance() / n).sqrt(),
            n - 1.0,
        )
    }

    /// Returns `None` if a sample is not finite.
    fn new(difference: f64, standard_error: f64, degrees_of_freedom: f64) -> Option<Self> {
        let finite = difference.is_finite() && standard_error.is_finite();
        let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom).ok()?;
        finite.then_some(Self {
            difference,
            standard_error,
            degrees_of_freedom,
            distribution,
        })
    }

    /// Returns the difference in standard errors. For samples without any spread it is 0 if the
    /// means are equal, and infinite otherwise.
    pub fn t(&self) -> f64 {
        if self.difference == 0.0 {
            0.0
        } else {
            self.difference / self.standard_error
        }
    }

    /// Returns the two-sided p-value: how often equals would differ by as much.
    pub fn p(&self) -> f64 {
        let t = self.t().abs();
        if t.is_finite() {
            (2.0 * self.distribution.sf(t)).min(1.0)
        } else {
            0.0
        }
    }

    /// Returns the one-sided p-value: how often equals would differ by as much in this direction.
    pub fn p_greater(&self) -> f64 {
        let t = self.t();
        if t.is_finite() {
            self.distribution.sf(t)
        } else {
            f64::from(t < 0.0)
        }
    }

    /// Returns half the width of the confidence interval around `difference`, at a level such as
    /// 0.95.
    pub fn error(&self, level: f64) -> f64 {
        self.distribution.inverse_cdf(0.5 + level / 2.0) * self.standard_error
    }

    /// Returns the confidence interval of the difference, at a level such as 0.95.
    pub fn interval(&self, level: f64) -> Interval {
        let error = self.error(level);
        Interval {
            low: self.difference - error,
            high: self.difference + error,
        }
    }

    /// Returns whether the confidence interval at this level excludes 0.
    pub fn proves(&self, level: f64) -> bool {
        self.p() < 1.0 - level
    }
}

/// Returns half the width of a confidence interval in standard errors, at a level such as 0.95, for
/// Student's t with these degrees of freedom. Infinite without any.
pub fn critical_value(level: f64, degrees_of_freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom)
        .map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + level / 2.0))
}

/// Returns each round's sample minus its baseline, or `None` if the numbers of samples differ.
pub(crate) fn differences(baseline: &[f64], samples: &[f64]) -> Option<Vec<f64>> {
    let pairs = samples.iter().zip(baseline);
    (baseline.len() == samples.len())
        .then(|| pairs.map(|(sample, baseline)| sample - baseline).collect())
}

/// Returns the numbers of samples, if there are enough for a variance.
fn counts(baseline: &[f64], samples: &[f64]) -> Option<(f64, f64)> {
    (baseline.len() > 1 && samples.len() > 1)
        .then_some((baseline.len() as f64, samples.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of sleep that two drugs gave ten patients (Student 1908), R's
    /// data set `sleep`.
    const FIRST: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    #[track_caller]
    fn near(value: f64, expected: f64, digits: i32) {
        let within = 0.5 * 10f64.powi(-digits) * 1.001;
        assert!((value - expected).abs() <= within, "{value} {expected}");
    }

    /// Results of `example(t.test)` in R's manual: t = -1.8608, df = 17.776, p = 0.07939,
    /// -3.3654832 to 0.2054832, of the first minus the second.
    #[test]
    fn welch_is_that_of_r() {
        let test = TTest::welch(&SECOND, &FIRST).unwrap();
        near(test.t(), -1.8608, 4);
        near(test.degrees_of_freedom, 17.776, 3);
        near(test.p(), 0.07939, 5);
        near(test.interval(0.95).low, -3.3654832, 7);
        near(test.interval(0.95).high, 0.2054832, 7);
        assert!(!test.proves(0.95) && test.proves(0.9));
    }

    /// Results of the paired test in R's manual: t = -4.0621, df = 9, p = 0.002833, -2.4598858 to
    /// -0.7001142.
    #[test]
    fn paired_is_that_of_r() {
        let test = TTest::paired(&SECOND, &FIRST).unwrap();
        near(test.t(), -4.0621, 4);
        assert_eq!(test.degrees_of_freedom, 9.0);
        near(test.p(), 0.002833, 6);
        near(test.interval(0.95).low, -2.4598858, 7);
        near(test.interval(0.95).high, -0.7001142, 7);
    }

    /// Results of R with `var.equal = TRUE`: t = -1.8608, df = 18, p = 0.07919, -3.363874 to
    /// 0.203874.
    #[test]
    fn student_is_that_of_r() {
        let test = TTest::student(&SECOND, &FIRST).unwrap();
        near(test.t(), -1.8608, 4);
        assert_eq!(test.degrees_of_freedom, 18.0);
        near(test.p(), 0.07919, 5);
        near(test.interval(0.95).low, -3.363874, 6);
        near(test.interval(0.95).high, 0.203874, 6);
    }

    #[test]
    fn student_is_that_of_ministat() {
        let dataset = |samples: &[f64]| ministat::Dataset::new("", samples.to_vec()).unwrap();
        let theirs = ministat::compare(
            &dataset(&SECOND),
            &dataset(&FIRST),
            ministat::Confidence::P95,
            ministat::Edition::Current,
        );
        let ours = TTest::student(&FIRST, &SECOND).unwrap();
        near(ours.difference, theirs.absolute, 9);
        // ministat's table has three decimals.
        near(ours.error(0.95), theirs.absolute_error, 3);
    }

    /// From R's `qt(0.975, c(1, 4, 18, 200))` and `qt(0.9975, 9)`.
    #[test]
    fn critical_values_are_those_of_r() {
        for (level, freedom, expected) in [
            (0.95, 1.0, 12.706_205),
            (0.95, 4.0, 2.776_445),
            (0.95, 18.0, 2.100_922),
            (0.95, 200.0, 1.971_896),
            (0.995, 9.0, 3.689_662),
        ] {
            near(critical_value(level, freedom), expected, 6);
        }
        assert_eq!(critical_value(0.95, 0.0), f64::INFINITY);
    }

    #[test]
    fn samples_without_spread_are_equal_or_not() {
        for test in [TTest::student, TTest::welch, TTest::paired] {
            let same = test(&[7.0; 5], &[7.0; 5]).unwrap();
            assert_eq!((same.t(), same.p()), (0.0, 1.0));
            assert_eq!(
                same.interval(0.95),
                Interval {
                    low: 0.0,
                    high: 0.0
                }
            );
            assert!(!same.proves(0.95));
            let other = test(&[7.0; 5], &[8.0; 5]).unwrap();
            assert_eq!((other.t(), other.p()), (f64::INFINITY, 0.0));
            assert_eq!(
                other.interval(0.95),
                Interval {
                    low: 1.0,
                    high: 1.0
                }
            );
            assert!(other.proves(0.95));
        }
    }

    #[test]
    fn one_side_without_spread_has_the_others_degrees_of_freedom() {
        let test = TTest::welch(&[7.0; 30], &FIRST).unwrap();
        near(test.degrees_of_freedom, 9.0, 9);
    }

    #[test]
    fn too_little_is_no_test() {
        for test in [TTest::student, TTest::welch, TTest::paired] {
            assert!(test(&[1.0], &[1.0, 2.0]).is_none());
            assert!(test(&[], &[]).is_none());
            assert!(test(&[1.0, f64::NAN], &[1.0, 2.0]).is_none());
        }
        assert!(TTest::paired(&[1.0, 2.0, 3.0], &[1.0, 2.0]).is_none());
    }
}
