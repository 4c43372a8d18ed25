// SPDX-License-Identifier: MIT OR Apache-2.0

//! Test for more than one mode.

use crate::MIN_SAMPLES;

/// Number of simulated sets of uniform samples.
const SIMULATIONS: usize = 999;
/// Seed, fixed so that the same samples have the same p-value.
const SEED: u64 = 1985;

/// Dip of J. A. and P. M. Hartigan (*The dip test of unimodality*, Annals of Statistics 13, 1985).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dip {
    /// Greatest distance of the samples' distribution function from the nearest one with a single
    /// mode: between 1 / (2n) and 1/4.
    pub dip: f64,
    /// Share of sets of uniform samples with as great a dip, from a simulation with a fixed seed.
    /// Of all distributions with one mode, the uniform one is likeliest to have great dips: for
    /// any other one the p-value is, if anything, too high.
    pub p: f64,
}

impl Dip {
    /// Computes the dip of samples in any order. Returns `None` with fewer than [`MIN_SAMPLES`].
    pub fn of(samples: &[f64]) -> Option<Self> {
        if samples.len() < MIN_SAMPLES {
            return None;
        }
        let dip = dip(samples);
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut uniform = vec![0.0; samples.len()];
        let as_great = (0..SIMULATIONS).filter(|_| {
            uniform.fill_with(|| random.f64());
            self::dip(&uniform) >= dip
        });
        // The samples themselves count as one of the sets, so that p is never 0.
        let p = (as_great.count() + 1) as f64 / (SIMULATIONS + 1) as f64;
        Some(Self { dip, p })
    }
}

/// Computes the dip with the Hartigans' algorithm, section 3 of their paper.
///
/// A function with one mode is convex up to it, and concave from there. Left of the modal interval
/// the nearest one is the greatest convex minorant, right of it the least concave majorant; the
/// interval shrinks as long as the two are farther apart within it than they are from the samples
/// outside.
fn dip(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // In numbers of samples, and twice the final value: no function is nearer than half a sample.
    let mut distance = 1.0f64;
    let (mut low, mut high) = (0, sorted.len() - 1);
    loop {
        let modal = &sorted[low..=high];
        let minorant = Hull::minorant(modal);
        let majorant = Hull::majorant(modal);
        let gap = |&index: &usize| majorant.values[index] - minorant.values[index];
        let widest = |touched: &[usize]| {
            let widest = touched.iter().copied();
            widest.max_by(|one, other| gap(one).total_cmp(&gap(other)))
        };
        let (Some(below), Some(above)) = (widest(&minorant.touched), widest(&majorant.touched))
        else {
            break;
        };
        let (from, to, apart) = if gap(&below) > gap(&above) {
            (below, next(&majorant.touched, below), gap(&below))
        } else {
            (previous(&minorant.touched, above), above, gap(&above))
        };
        if apart <= distance {
            break;
        }
        for index in 0..from {
            distance = distance.max((index + 1) as f64 - minorant.values[index]);
        }
        for index in to..modal.len() {
            distance = distance.max(majorant.values[index] - index as f64);
        }
        (low, high) = (low + from, low + to);
    }
    distance / (2 * samples.len()) as f64
}

/// Returns the first touching index at or after `index`.
fn next(touched: &[usize], index: usize) -> usize {
    let after = touched.iter().copied().find(|&touch| touch >= index);
    after.unwrap_or(index)
}

/// Returns the last touching index up to `index`.
fn previous(touched: &[usize], index: usize) -> usize {
    let until = touched.iter().copied().rfind(|&touch| touch <= index);
    until.unwrap_or(index)
}

/// A convex or concave function that bounds the empirical distribution function, in numbers of
/// samples, from one side.
struct Hull {
    /// Samples at which the two touch.
    touched: Vec<usize>,
    /// Value at each sample.
    values: Vec<f64>,
}

impl Hull {
    /// Returns the greatest convex function that is nowhere above the distribution function.
    fn minorant(sorted: &[f64]) -> Self {
        let before = sorted.iter().enumerate();
        Self::below(before.map(|(index, &x)| (x, index as f64)).collect())
    }

    /// Returns the least concave function that is nowhere below the distribution function.
    fn majorant(sorted: &[f64]) -> Self {
        let after = sorted.iter().enumerate();
        let mut hull = Self::below(after.map(|(index, &x)| (x, -1.0 - index as f64)).collect());
        hull.values.iter_mut().for_each(|value| *value = -*value);
        hull
    }

    /// Computes the lower hull with A. M. Andrew's monotone chain, which needs only the points'
    /// order.
    fn below(points: Vec<(f64, f64)>) -> Self {
        let mut touched: Vec<usize> = Vec::new();
        for (index, &(x, y)) in points.iter().enumerate() {
            while let [.., one, other] = touched[..] {
                let ((x1, y1), (x2, y2)) = (points[one], points[other]);
                // Points on a line stay, since equal samples are on one without a slope.
                if (y2 - y1) * (x - x1) <= (y - y1) * (x2 - x1) {
                    break;
                }
                touched.pop();
            }
            touched.push(index);
        }
        let mut values: Vec<f64> = points.iter().map(|&(_, y)| y).collect();
        for ends in touched.windows(2) {
            let ((x1, y1), (x2, y2)) = (points[ends[0]], points[ends[1]]);
            for index in ends[0] + 1..ends[1] {
                values[index] = y1 + (y2 - y1) * (points[index].0 - x1) / (x2 - x1);
            }
        }
        Self { touched, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of Python's package diptest 0.12.0, which is Maechler's C code from R.
    #[test]
    fn dips_are_those_of_another_program() {
        let groups = [1.0, 2.0, 3.0, 10.0, 11.0, 12.0];
        assert!((dip(&groups) - 0.194444444444).abs() < 1e-12);
        let three = [0.0, 0.1, 0.2, 0.4, 5.0, 5.1, 5.3, 5.4, 9.0, 9.5, 9.9, 10.5];
        assert!((dip(&three) - 0.153333333333).abs() < 1e-12);
    }

    #[test]
    fn the_extremes_are_those_of_the_definition() {
        let halves = [5.0, 5.0, 5.0, 5.0, 7.0, 7.0, 7.0, 7.0];
        assert_eq!(dip(&halves), 0.25);
        assert_eq!(dip(&[5.0; 8]), 1.0 / 16.0);
        let line: Vec<f64> = (0..50).map(f64::from).collect();
        assert_eq!(dip(&line), 0.01);
    }

    #[test]
    fn the_p_value_is_that_of_uniform_samples() {
        let mut random = fastrand::Rng::with_seed(1);
        let below = (0..200).filter(|_| {
            let uniform: Vec<f64> = (0..10).map(|_| random.f64()).collect();
            Dip::of(&uniform).unwrap().p < 0.1
        });
        let below = below.count();
        assert!((10..=30).contains(&below), "{below}");
        assert_eq!(Dip::of(&[5.0; 8]).unwrap().p, 1.0);
        assert_eq!(Dip::of(&[1.0, 2.0]), None);
    }
}
