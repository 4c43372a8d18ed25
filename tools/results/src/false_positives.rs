// SPDX-License-Identifier: MIT OR Apache-2.0

//! False positive rates: how often a tracker is called different from itself. They test the tests
//! on the machine and under the load that the verdicts are about.

use std::fmt;

use epoch_stats::{Interval, clopper_pearson};
use ministat::Confidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::level;
use crate::stats::Comparison;

/// Result of comparing a tracker with itself repeatedly.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FalsePositives {
    /// The tracker.
    pub tracker: String,
    /// Number of comparisons.
    pub comparisons: usize,
    /// Share of comparisons, in percent, expected to call a difference proven.
    pub expected_percent: f64,
    /// Rate of Student's test, as in ministat.
    pub student: Rate,
    /// Rate of Welch's test.
    pub welch: Rate,
    /// Rate of the paired test.
    pub paired: Rate,
    /// Confidence of the rates' intervals, in percent.
    pub confidence_percent: f64,
}

/// Rate at which a test called a difference proven.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Rate {
    /// Number of comparisons that called a difference proven.
    pub proven: usize,
    /// Share of these comparisons, in percent.
    pub percent: f64,
    /// Confidence interval of `percent`, by Clopper and Pearson.
    pub interval: Interval,
}

impl FalsePositives {
    /// Counts the false positives in comparisons of a tracker with itself. Returns `None` without
    /// comparisons.
    pub fn of(comparisons: &[Comparison], confidence: Confidence) -> Option<Self> {
        let tracker = comparisons.first()?.tracker.clone();
        let n = comparisons.len();
        let rate = |proven: fn(&Comparison) -> bool| {
            let proven = comparisons.iter().filter(|comparison| proven(comparison));
            let proven = proven.count();
            let interval = clopper_pearson(proven as u64, n as u64, level(confidence));
            Rate {
                proven,
                percent: 100.0 * proven as f64 / n as f64,
                interval: Interval {
                    low: 100.0 * interval.low,
                    high: 100.0 * interval.high,
                },
            }
        };
        Some(Self {
            tracker,
            comparisons: n,
            expected_percent: 100.0 - confidence.percent(),
            student: rate(|comparison| comparison.proven),
            welch: rate(|comparison| {
                let evidence = comparison.evidence.as_ref();
                evidence.is_some_and(|evidence| evidence.welch_proven)
            }),
            paired: rate(|comparison| {
                let evidence = comparison.evidence.as_ref();
                evidence.is_some_and(|evidence| evidence.paired_proven)
            }),
            confidence_percent: confidence.percent(),
        })
    }
}

/// A sentence for each test, without a newline after the last one.
impl fmt::Display for FalsePositives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tracker,
            comparisons,
            ..
        } = self;
        let tests = [
            ("Student's t", &self.student),
            ("Welch's t", &self.welch),
            ("paired t", &self.paired),
        ];
        for (index, (test, rate)) in tests.into_iter().enumerate() {
            let Rate {
                proven,
                percent,
                interval: Interval { low, high },
            } = *rate;
            if index > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "{test}: {proven} of {comparisons} comparisons of {tracker} with itself called a \
                 difference proven: {} ({}% interval {} to {}); {} are expected",
                Percent(percent),
                self.confidence_percent,
                Percent(low),
                Percent(high),
                Percent(self.expected_percent)
            )?;
            if low > self.expected_percent {
                f.write_str(", and this is more than chance: do not believe it here")?;
            }
        }
        Ok(())
    }
}

/// A percentage, with one decimal where it matters.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.0 < 10.0 && (self.0 - self.0.round()).abs() >= 0.05);
        write!(f, "{:.decimals$}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::compared;

    fn comparisons(proven: usize) -> Vec<Comparison> {
        let comparison = |proven| {
            let totals = if proven {
                [2000, 2001, 2002]
            } else {
                [1002, 1000, 1001]
            };
            let mut report = compared("epoch", &[1000, 1001, 1002], &totals);
            report.comparisons.remove(0)
        };
        (0..20).map(|index| comparison(index < proven)).collect()
    }

    #[test]
    fn one_in_twenty_is_what_is_expected() {
        let rates = FalsePositives::of(&comparisons(1), Confidence::P95).unwrap();
        let expected = "\
            Student's t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected\n\
            Welch's t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected\n\
            paired t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected";
        assert_eq!(rates.to_string(), expected);
    }

    #[test]
    fn ten_in_twenty_are_too_many() {
        let rates = FalsePositives::of(&comparisons(10), Confidence::P95).unwrap();
        let text = rates.to_string();
        assert_eq!(text.matches("50% (95% interval 27% to 73%)").count(), 3);
        assert_eq!(text.matches("do not believe it here").count(), 3, "{text}");
    }

    #[test]
    fn the_level_is_that_of_the_comparisons() {
        let rates = FalsePositives::of(&comparisons(0), Confidence::P995).unwrap();
        let text = rates.to_string();
        assert!(
            text.contains("0% (99.5% interval 0% to 26%); 0.5% are expected"),
            "{text}"
        );
        assert_eq!(FalsePositives::of(&[], Confidence::P95), None);
    }
}
