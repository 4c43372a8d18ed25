// SPDX-License-Identifier: MIT OR Apache-2.0

//! Confidence intervals of a probability.

use statrs::distribution::{Beta, ContinuousCDF, Normal};

use crate::Interval;

/// Returns the confidence interval of a probability, at a level such as 0.95, after this many
/// successes in this many trials.
///
/// The interval is exact: it covers the probability at least as often as it says (C. J. Clopper
/// and E. S. Pearson, *The use of confidence or fiducial limits illustrated in the case of the
/// binomial*, Biometrika 26, 1934).
pub fn clopper_pearson(successes: u64, trials: u64, level: f64) -> Interval {
    let tail = (1.0 - level) / 2.0;
    let failures = trials.saturating_sub(successes);
    // A shape of 0 is no beta distribution: all its weight is at one end.
    let quantile = |successes: u64, failures: u64, end: f64, probability: f64| {
        Beta::new(successes as f64, failures as f64)
            .map_or(end, |beta| beta.inverse_cdf(probability))
    };
    Interval {
        low: quantile(successes, failures + 1, 0.0, tail),
        high: quantile(successes + 1, failures, 1.0, 1.0 - tail),
    }
}

/// Returns the confidence interval of a probability, at a level such as 0.95, after this many
/// successes in this many trials.
///
/// The interval is narrower than [`clopper_pearson`]'s: it covers the probability about as often as
/// it says, for few trials as well (E. B. Wilson, *Probable Inference, the Law of Succession, and
/// Statistical Inference*, Journal of the American Statistical Association 22, 1927).
pub fn wilson(successes: u64, trials: u64, level: f64) -> Interval {
    if trials == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let z = Normal::standard().inverse_cdf((1.0 + level) / 2.0);
    let n = trials as f64;
    let share = successes as f64 / n;
    let scale = 1.0 + z * z / n;
    let center = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Interval {
        low: (center - half).max(0.0),
        high: (center + half).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(successes: u64, trials: u64, low: f64, high: f64) {
        let interval = clopper_pearson(successes, trials, 0.95);
        assert!((interval.low - low).abs() < 1e-6, "{interval:?}");
        assert!((interval.high - high).abs() < 1e-6, "{interval:?}");
    }

    /// The ends are known in closed form: no success in n trials has the upper end 1 -
    /// 0.025^(1/n).
    #[test]
    fn the_ends_are_exact() {
        is(0, 10, 0.0, 1.0 - 0.025f64.powf(0.1));
        is(10, 10, 0.025f64.powf(0.1), 1.0);
        is(0, 0, 0.0, 1.0);
    }

    /// Result of R's `binom.test(682, 925)` in its manual, Mendel's peas: 0.7076683 to 0.7654066;
    /// the others are from SciPy's `binomtest`.
    #[test]
    fn others_are_those_of_r() {
        is(682, 925, 0.7076683, 0.7654066);
        is(1, 20, 0.0012651, 0.2487328);
        is(5, 100, 0.0164319, 0.1128349);
    }

    /// Results of table I of R. G. Newcombe, *Two-sided confidence intervals for the single
    /// proportion*, Statistics in Medicine 17, 1998 (method 3).
    #[test]
    fn wilsons_are_those_of_newcombe() {
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (0, 0, 0.0, 1.0),
        ] {
            let interval = wilson(successes, trials, 0.95);
            assert!((interval.low - low).abs() < 5e-5, "{interval:?}");
            assert!((interval.high - high).abs() < 5e-5, "{interval:?}");
        }
    }
}
