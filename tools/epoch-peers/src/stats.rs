// SPDX-License-Identifier: GPL-2.0

//! What is said of a set of figures.

use serde::Serialize;

/// Where the figures lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The least one.
    pub min: f64,
    /// A quarter is below it.
    pub first_quartile: f64,
    /// Half of them are below it.
    pub median: f64,
    /// A quarter is above it.
    pub third_quartile: f64,
    /// The greatest one.
    pub max: f64,
}

impl Spread {
    /// Of at least one figure; of none, everything is NaN.
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

    /// Of the figures of one candidate, each divided by that of another from the same round, so
    /// that what slowed down a whole round cancels out.
    pub fn of_ratios(figures: &[f64], others: &[f64]) -> Self {
        Self::of(figures.iter().zip(others).map(|(a, b)| a / b))
    }
}

/// What several processes measured, each in so many rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Half of the processes' medians are below it.
    pub median: f64,
    /// The median of the processes' first quartiles: with the third, the spread within a process.
    pub first_quartile: f64,
    /// The median of the processes' third quartiles.
    pub third_quartile: f64,
    /// The least of the processes' medians: with the greatest, the spread between processes.
    pub least: f64,
    /// The greatest of the processes' medians.
    pub greatest: f64,
}

impl Measured {
    /// Of what each process measured, of which there is at least one.
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

/// Between two figures, as far between them as `part` of the way is.
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
