// SPDX-License-Identifier: GPL-2.0

//! Statistics of figures.

use serde::Serialize;

/// Distribution of figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Least figure.
    pub min: f64,
    /// First quartile: a quarter of the figures are below it.
    pub first_quartile: f64,
    /// Median: half of the figures are below it.
    pub median: f64,
    /// Third quartile: a quarter of the figures are above it.
    pub third_quartile: f64,
    /// Greatest figure.
    pub max: f64,
}

impl Spread {
    /// Computes the distribution of figures; without figures, everything is NaN.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            min: quantile(&sorted, 0.0),
            first_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            third_quartile: quantile(&sorted, 0.75),
            max: quantile(&sorted, 1.0),
        }
    }

    /// Computes the distribution of one candidate's figures, each divided by that of another in
    /// the same round, so that a slowdown of a whole round cancels out.
    pub fn of_ratios(figures: &[f64], others: &[f64]) -> Self {
        Self::of(figures.iter().zip(others).map(|(a, b)| a / b))
    }
}

/// Distribution of the results of several processes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Median of the processes' medians.
    pub median: f64,
    /// Median of the processes' first quartiles: with the third, the spread within a process.
    pub first_quartile: f64,
    /// Median of the processes' third quartiles.
    pub third_quartile: f64,
    /// Least of the processes' medians: with the greatest, the spread between processes.
    pub least: f64,
    /// Greatest of the processes' medians.
    pub greatest: f64,
}

impl Measured {
    /// Combines the results of at least one process.
    pub fn of(processes: &[Spread]) -> Self {
        let over = |part: fn(&Spread) -> f64| Spread::of(processes.iter().map(part));
        let medians = over(|process| process.median);
        Self {
            median: medians.median,
            first_quartile: over(|process| process.first_quartile).median,
            third_quartile: over(|process| process.third_quartile).median,
            least: medians.min,
            greatest: medians.max,
        }
    }
}

/// Returns a quantile, interpolated linearly between two figures.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = part * last as f64;
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[place.ceil() as usize]);
    low + (high - low) * (place - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_figures() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        let expected = Spread {
            min: 1.0,
            first_quartile: 1.75,
            median: 2.5,
            third_quartile: 3.25,
            max: 4.0,
        };
        assert_eq!(spread, expected);
        assert_eq!(Spread::of([7.0]).third_quartile, 7.0);
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn processes_differ_by_their_medians() {
        let processes = [[1.0, 2.0, 3.0], [11.0, 12.0, 13.0], [2.0, 3.0, 4.0]].map(Spread::of);
        let expected = Measured {
            median: 3.0,
            first_quartile: 2.5,
            third_quartile: 3.5,
            least: 2.0,
            greatest: 12.0,
        };
        assert_eq!(Measured::of(&processes), expected);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The second round was twice as slow for both.
        let ratio = Spread::of_ratios(&[3.0, 6.0], &[2.0, 4.0]);
        assert_eq!((ratio.min, ratio.max), (1.5, 1.5));
    }
}
