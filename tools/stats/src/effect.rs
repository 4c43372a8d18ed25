// SPDX-License-Identifier: MIT OR Apache-2.0

//! Size of a difference relative to the spread of the samples.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

use crate::{Interval, TTest};

/// Hedges' g: the difference of two means in standard deviations of the samples, without the bias
/// of Cohen's d with few samples (L. V. Hedges, *Distribution theory for Glass's estimator of
/// effect size and related estimators*, Journal of Educational Statistics 6, 1981).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Effect {
    /// Difference in pooled standard deviations; positive if the baseline's mean is the lesser
    /// one.
    pub g: f64,
    /// Confidence interval of `g`.
    pub interval: Interval,
}

impl Effect {
    /// Computes g, with the interval at a level such as 0.95, from the normal approximation of g's
    /// distribution for independent samples (L. V. Hedges and I. Olkin, *Statistical Methods for
    /// Meta-Analysis*, 1985, chapter 5).
    ///
    /// Returns `None` with fewer than two samples on a side, or without any spread to relate the
    /// difference to.
    pub fn hedges_g(baseline: &[f64], samples: &[f64], level: f64) -> Option<Self> {
        let test = TTest::student(baseline, samples)?;
        let (n, m) = (baseline.len() as f64, samples.len() as f64);
        let reciprocals = 1.0 / n + 1.0 / m;
        let pooled_stddev = test.standard_error / reciprocals.sqrt();
        if pooled_stddev == 0.0 {
            return None;
        }
        let correction = correction(test.degrees_of_freedom);
        let d = test.difference / pooled_stddev;
        let stddev = correction * (reciprocals + d.powi(2) / (2.0 * (n + m))).sqrt();
        let g = correction * d;
        let error = Normal::standard().inverse_cdf(0.5 + level / 2.0) * stddev;
        Some(Self {
            g,
            interval: Interval {
                low: g - error,
                high: g + error,
            },
        })
    }

    /// Returns the size in a word.
    pub fn size(&self) -> Size {
        match self.g.abs() {
            g if g < 0.2 => Size::Negligible,
            g if g < 0.5 => Size::Small,
            g if g < 0.8 => Size::Medium,
            _ => Size::Large,
        }
    }
}

/// Returns the factor that corrects d: the exact one, not the usual approximation `1 - 3 / (4 df -
/// 1)`.
fn correction(degrees_of_freedom: f64) -> f64 {
    let half = degrees_of_freedom / 2.0;
    (ln_gamma(half) - ln_gamma(half - 0.5)).exp() / half.sqrt()
}

/// Cohen's words for effects, with limits of 0.2, 0.5 and 0.8 standard deviations (J. Cohen,
/// *Statistical Power Analysis for the Behavioral Sciences*, 1988, section 2.2). He has no word
/// for effects that are less than small.
///
/// They say how clearly an effect stands out from the noise: where samples hardly scatter, an
/// effect of half a percent is large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Below 0.2.
    Negligible,
    /// 0.2 and more.
    Small,
    /// 0.5 and more.
    Medium,
    /// 0.8 and more.
    Large,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Negligible => "negligible",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of M. Borenstein et al., *Introduction to Meta-Analysis*,
    /// 2009, chapter 4: means 103 and 100, standard deviations 5.5 and 4.5, 50
    /// each; d = 0.5970, g = 0.5924, whose standard error is 0.2028.
    #[test]
    fn g_is_that_of_the_textbook() {
        let samples = |mean: f64, stddev: f64| -> Vec<f64> {
            // Half of the samples on either side, with this standard deviation.
            let off = stddev * (49.0f64 / 50.0).sqrt();
            let sign = |index: usize| if index % 2 == 0 { 1.0 } else { -1.0 };
            (0..50).map(|index| mean + sign(index) * off).collect()
        };
        let effect = Effect::hedges_g(&samples(100.0, 4.5), &samples(103.0, 5.5), 0.95).unwrap();
        assert!((effect.g - 0.5924).abs() < 1e-4, "{effect:?}");
        let stddev = (effect.interval.high - effect.g) / 1.959964;
        assert!((stddev - 0.2028).abs() < 2e-4, "{stddev}");
        assert_eq!(effect.size(), Size::Medium);
    }

    #[test]
    fn the_correction_is_near_its_approximation() {
        for df in [4.0, 8.0, 18.0, 98.0] {
            let approximation = 1.0 - 3.0 / (4.0 * df - 1.0);
            assert!((correction(df) - approximation).abs() < 0.003, "{df}");
        }
    }

    #[test]
    fn words_are_cohens() {
        let word = |g: f64| {
            let interval = Interval { low: g, high: g };
            Effect { g, interval }.size().to_string()
        };
        let words = [0.0, -0.19, 0.2, -0.5, 0.79, -0.8].map(word);
        let expected = [
            "negligible",
            "negligible",
            "small",
            "medium",
            "medium",
            "large",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn without_spread_there_is_no_effect_size() {
        assert_eq!(Effect::hedges_g(&[1.0; 5], &[2.0; 5], 0.95), None);
        assert_eq!(Effect::hedges_g(&[1.0], &[2.0, 3.0], 0.95), None);
    }
}
