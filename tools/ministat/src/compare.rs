// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparison of two data sets.

use crate::{Confidence, Dataset, Edition};

/// Difference of a data set from its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean minus the reference's.
    pub absolute: f64,
    /// Half the width of the confidence interval around `absolute`.
    pub absolute_error: f64,
    /// `absolute` in percent of the reference's mean.
    pub percent: f64,
    /// Half the width of the confidence interval around `percent`; its formula
    /// depends on the [`Edition`].
    pub percent_error: f64,
    /// Pooled standard deviation of both sets.
    pub pooled_stddev: f64,
    /// True if the confidence interval excludes 0.
    pub proven: bool,
}

/// Compares two data sets with Student's t for independent samples of equal variance.
pub fn compare(
    dataset: &Dataset,
    reference: &Dataset,
    confidence: Confidence,
    edition: Edition,
) -> Difference {
    let (n, n_ref) = (dataset.n() as f64, reference.n() as f64);
    let (mean, mean_ref) = (dataset.mean(), reference.mean());
    let degrees_of_freedom = dataset.n() + reference.n() - 2;
    let t = confidence.critical_value(degrees_of_freedom);

    let spread = (n - 1.0) * dataset.variance(edition);
    let spread_ref = (n_ref - 1.0) * reference.variance(edition);
    let pooled_stddev = ((spread + spread_ref) / degrees_of_freedom as f64).sqrt();
    let absolute = mean - mean_ref;
    let absolute_error = t * (pooled_stddev * (1.0 / n + 1.0 / n_ref).sqrt());

    let error_of_mean_ref = match edition {
        Edition::Legacy => absolute_error,
        Edition::Current => {
            // The reference's spread is weighted by the squared ratio of the means.
            let spread = spread + spread_ref * (mean * mean) / (mean_ref * mean_ref);
            let per_degree = (n + n_ref) / (n * n_ref * degrees_of_freedom as f64);
            t * (spread * per_degree).sqrt()
        }
    };
    Difference {
        absolute,
        absolute_error,
        percent: absolute * 100.0 / mean_ref,
        percent_error: error_of_mean_ref * 100.0 / mean_ref,
        pooled_stddev,
        proven: absolute.abs() > absolute_error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> (Dataset, Dataset) {
        let before = [1005918.0, 1006319.0, 1009119.0, 1013143.0, 1009155.0];
        let after = [3548585.0, 3548786.0, 3552085.0, 3552502.0, 3552587.0];
        (
            Dataset::new("before", before.to_vec()).unwrap(),
            Dataset::new("after", after.to_vec()).unwrap(),
        )
    }

    #[test]
    fn the_relative_error_depends_on_the_edition() {
        let (before, after) = seed();
        let with = |edition| compare(&after, &before, Confidence::P95, edition);
        let (current, legacy) = (with(Edition::Current), with(Edition::Legacy));
        assert!((current.percent_error - 1.06257).abs() < 5e-6);
        assert!((legacy.percent_error - 0.362073).abs() < 5e-7);
        assert!((current.absolute_error - legacy.absolute_error).abs() < 1e-6);
        assert_eq!(current.percent, legacy.percent);
    }

    #[test]
    fn a_set_does_not_differ_from_itself() {
        let (before, _) = seed();
        let same = compare(&before, &before, Confidence::P80, Edition::Current);
        assert_eq!(same.absolute, 0.0);
        assert!(!same.proven);
    }
}
