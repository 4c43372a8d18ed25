// SPDX-License-Identifier: MIT OR Apache-2.0

//! Warnings on verdicts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::statistics::Statistics;

use crate::t_test::{critical_value, differences};
use crate::{Autocorrelation, Dip, MIN_SAMPLES, TTest, Trend};

/// Significance level of a warning: of a hundred sets of good samples, each test warns of one.
const SIGNIFICANT: f64 = 0.01;
/// Difference that a comparison should be able to prove, in percent of the baseline's mean.
const WORTH_PROVING: f64 = 10.0;
/// Share of comparisons in which such a difference is to be proven.
const POWER: f64 = 0.8;
/// Most samples that are worth a suggestion.
const MOST_SAMPLES: usize = 1_000_000;
/// Fewest iterations of a sample, of which one more or less changes it by a percent.
const RESOLVED: u64 = 100;

/// A reason to doubt a verdict.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Warning {
    /// Too few samples to detect any of the following.
    TooFew {
        /// Number of samples.
        samples: usize,
    },
    /// One iteration more or less changes a sample by more than a percent.
    FewIterations {
        /// Median of the iterations in a sample.
        iterations: u64,
    },
    /// Samples rise or fall while they are taken ([`Trend`]).
    Drift {
        /// Change from first to last, in percent of the mean.
        percent: f64,
        /// P-value of Mann and Kendall's test.
        p: f64,
    },
    /// Each sample resembles the one before, or is unlike it ([`Autocorrelation`]).
    Autocorrelated {
        /// Coefficient at lag 1.
        coefficient: f64,
    },
    /// Samples fall into groups ([`Dip`]).
    Bimodal {
        /// P-value of Hartigan's dip test.
        p: f64,
    },
    /// Differences of the rounds depend on the ones before, against the assumption of the paired
    /// test.
    RoundsAutocorrelated {
        /// Coefficient at lag 1.
        coefficient: f64,
    },
    /// Student's and Welch's test disagree.
    UnequalVariances {
        /// Student's p-value.
        student: f64,
        /// Welch's p-value.
        welch: f64,
    },
    /// A difference worth proving would not have been proven.
    Imprecise {
        /// Least difference that would have been proven, in percent of the baseline's mean.
        percent: f64,
        /// Number of samples with which one of 10 % is proven in four of five comparisons.
        needed: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFew { samples } => write!(
                f,
                "{samples} samples are too few to detect drift or groups: take {MIN_SAMPLES} or \
                 more"
            ),
            Self::FewIterations { iterations: 0 } => f.write_str(
                "hardly any iteration ends within a sample: take longer ones with --interval-ms",
            ),
            Self::FewIterations { iterations } => write!(
                f,
                "a sample has {iterations} iterations, so that one more or less changes it by \
                 {:.0}%: take longer ones with --interval-ms",
                100.0 / iterations as f64
            ),
            Self::Drift { percent, p } => write!(
                f,
                "drift of {percent:+.1}% from the first sample to the last (Mann-Kendall \
                 p = {}): warm up for longer, and prefer the paired test",
                Short(p)
            ),
            Self::Autocorrelated { coefficient } if coefficient < 0.0 => write!(
                f,
                "samples alternate (lag-1 autocorrelation {coefficient:.2}): being first or last \
                 of a round matters; let the load settle for longer"
            ),
            Self::Autocorrelated { coefficient } => write!(
                f,
                "samples resemble the one before (lag-1 autocorrelation {coefficient:.2}): prefer \
                 the paired test, or take longer ones"
            ),
            Self::Bimodal { p } => write!(
                f,
                "samples fall into groups (Hartigan's dip, p = {}), and the mean is that of none: \
                 find out what changes between them",
                Short(p)
            ),
            Self::RoundsAutocorrelated { coefficient } => write!(
                f,
                "differences of the rounds depend on the ones before (lag-1 autocorrelation \
                 {coefficient:.2}): take longer samples, and repeat the comparison"
            ),
            Self::UnequalVariances { student, welch } => write!(
                f,
                "variances differ, and Student's test (p = {}) and Welch's (p = {}) disagree: \
                 prefer Welch's, or take more samples",
                Short(student),
                Short(welch)
            ),
            Self::Imprecise { percent, needed } => write!(
                f,
                "the paired test could have proven no difference below {percent:.0}%: for one of \
                 {WORTH_PROVING:.0}% take about {needed} samples, which prove it in some {:.0}% of \
                 comparisons",
                100.0 * POWER
            ),
        }
    }
}

/// A p-value with one significant digit.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            p if p < 0.0001 => write!(f, "{p:.0e}"),
            p if p < 0.001 => write!(f, "{p:.4}"),
            p => write!(f, "{p:.3}"),
        }
    }
}

/// Returns the warning that samples of these numbers of iterations are too short.
pub fn of_resolution(iterations: &[u64]) -> Option<Warning> {
    let mut iterations = iterations.to_vec();
    iterations.sort_unstable();
    let iterations = *iterations.get(iterations.len() / 2)?;
    (iterations < RESOLVED).then_some(Warning::FewIterations { iterations })
}

/// Returns the warnings on one side's samples, in the order in which they were taken.
///
/// Drift implies autocorrelation, of which there is no second warning then.
pub fn of_samples(samples: &[f64]) -> Vec<Warning> {
    if samples.len() < MIN_SAMPLES {
        return vec![Warning::TooFew {
            samples: samples.len(),
        }];
    }
    let drift = Trend::of(samples).filter(|trend| trend.p < SIGNIFICANT);
    let drift = drift.map(|Trend { percent, p }| Warning::Drift { percent, p });
    let autocorrelated = || {
        let coefficient = autocorrelation(samples)?;
        Some(Warning::Autocorrelated { coefficient })
    };
    let bimodal = Dip::of(samples).filter(|dip| dip.p < SIGNIFICANT);
    let bimodal = bimodal.map(|Dip { p, .. }| Warning::Bimodal { p });
    drift
        .or_else(autocorrelated)
        .into_iter()
        .chain(bimodal)
        .collect()
}

/// Returns the warnings on a comparison at a level such as 0.95, where sample `i` of both sides
/// was taken in round `i`, in addition to those of [`of_samples`] on each side.
pub fn of_comparison(baseline: &[f64], samples: &[f64], level: f64) -> Vec<Warning> {
    let rounds = differences(baseline, samples).and_then(|rounds| autocorrelation(&rounds));
    let rounds = rounds.map(|coefficient| Warning::RoundsAutocorrelated { coefficient });
    let student = TTest::student(baseline, samples);
    let unequal = student.zip(TTest::welch(baseline, samples));
    let unequal = unequal
        .filter(|(student, welch)| student.proves(level) != welch.proves(level))
        .map(|(student, welch)| Warning::UnequalVariances {
            student: student.p(),
            welch: welch.p(),
        });
    rounds
        .into_iter()
        .chain(unequal)
        .chain(imprecise(baseline, samples, level))
        .collect()
}

fn autocorrelation(samples: &[f64]) -> Option<f64> {
    Autocorrelation::of(samples, 1.0 - SIGNIFICANT)
        .filter(Autocorrelation::is_significant)
        .map(|autocorrelation| autocorrelation.coefficient)
}

/// Warns only where nothing is proven: a proven difference needs no smaller interval.
fn imprecise(baseline: &[f64], samples: &[f64], level: f64) -> Option<Warning> {
    let test = TTest::paired(baseline, samples).filter(|test| !test.proves(level))?;
    let percent = 100.0 * test.error(level) / baseline.mean().abs();
    (percent > WORTH_PROVING).then(|| {
        let stddev = test.standard_error * (samples.len() as f64).sqrt();
        let effect = WORTH_PROVING / 100.0 * baseline.mean().abs() / stddev;
        Warning::Imprecise {
            percent,
            needed: needed(effect, level),
        }
    })
}

/// Returns the number of rounds with which the paired test proves a mean difference of `effect`
/// standard deviations with a probability of [`POWER`]: the least n for which that is the sum of
/// t's quantiles over the root of n (J. Cohen, *Statistical Power Analysis for the Behavioral
/// Sciences*, 1988, section 2.3).
fn needed(effect: f64, level: f64) -> usize {
    let enough = |n: usize| {
        let freedom = (n - 1) as f64;
        // The second quantile is one-sided.
        let quantiles = critical_value(level, freedom) + critical_value(2.0 * POWER - 1.0, freedom);
        quantiles / (n as f64).sqrt() <= effect
    };
    let mut most = 2;
    while most < MOST_SAMPLES && !enough(most) {
        most *= 2;
    }
    let (mut few, mut many) = (most / 2, most.min(MOST_SAMPLES));
    while few + 1 < many {
        let middle = few.midpoint(many);
        *(if enough(middle) { &mut many } else { &mut few }) = middle;
    }
    many
}
