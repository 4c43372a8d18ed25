// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tests whether two sets of samples differ, and warnings on their verdicts.
//!
//! ```
//! use epoch_stats::{TTest, of_samples, ratio_interval};
//!
//! // Sample i of each was taken in round i.
//! let before = [100.0, 102.0, 97.0, 99.0, 104.0, 101.0, 98.0];
//! let after = [121.0, 125.0, 118.0, 122.0, 127.0, 120.0, 119.0];
//! let test = TTest::paired(&before, &after).expect("as many of both");
//! assert!(test.proves(0.95));
//! let ratio = ratio_interval(&before, &after, 0.95).expect("more than five");
//! assert!(ratio.low > 1.19 && ratio.high < 1.24);
//! assert_eq!(of_samples(&before), []);
//! ```
//!
//! # Choice of the test
//!
//! Student's and Welch's tests assume that samples are independent. Samples of a computer are not:
//! the effects of its clock, its other programs and its memory last longer than a sample. The
//! order in which samples are taken then matters, and whether the test takes it into account. The
//! table shows how often, in percent of 10,000 comparisons with N = 10 samples of each side, a
//! difference between **equals** was called proven at 95 %; 5 is right
//! (`tests/synthetic/equals.rs`, which prints it with `--nocapture`):
//!
//! | noise | order | Student | Welch | paired |
//! |---|---|---|---|---|
//! | independent | AAA BBB | 5.0 | 4.9 | 4.8 |
//! | | AB AB AB | 4.9 | 4.8 | 4.9 |
//! | | AB BA AB | 5.2 | 5.2 | 5.2 |
//! | | AB or BA at random | 4.8 | 4.7 | 4.8 |
//! | autoregressive, 0.3 | AAA BBB | 13.7 | 13.4 | 12.9 |
//! | | AB AB AB | 1.3 | 1.3 | 3.1 |
//! | | AB BA AB | 3.7 | 3.5 | 7.0 |
//! | | AB or BA at random | 2.5 | 2.3 | 4.8 |
//! | autoregressive, 0.6 | AAA BBB | 30.6 | 30.1 | 28.5 |
//! | | AB AB AB | 0.2 | 0.2 | 2.2 |
//! | | AB BA AB | 1.4 | 1.4 | 6.9 |
//! | | AB or BA at random | 0.8 | 0.7 | 4.8 |
//! | autoregressive, 0.9 | AAA BBB | 57.3 | 56.8 | 52.9 |
//! | | AB AB AB | 0.1 | 0.1 | 2.8 |
//! | | AB BA AB | 0.3 | 0.3 | 6.0 |
//! | | AB or BA at random | 0.2 | 0.2 | 4.8 |
//! | steady drift of 5 standard deviations | AAA BBB | 99.7 | 99.7 | 99.8 |
//! | | AB AB AB | 0.1 | 0.1 | 7.9 |
//! | | AB BA AB | 0.0 | 0.0 | 4.6 |
//! | | AB or BA at random | 0.0 | 0.0 | 5.2 |
//!
//! Noise is autoregressive, 0.6 say, if each value is 0.6 times the one before, plus noise. The
//! table for N = 30 looks the same.
//!
//! - One side after the other proves nothing, with any test.
//! - Interleaved, the tests of independent samples are too careful: effects common to both sides
//!   cancel out of the difference of the means, but not out of the spread that it is compared
//!   with. A difference that they call proven is one, but they miss differences.
//! - The paired test stays within 1 to 9 % with alternating rounds, whatever the noise. At its
//!   worst it calls 7 comparisons of equals in 100 different instead of 5, since the difference of
//!   a round depends slightly on that of the next one. Rounds in random order avoid that.
//!
//! The next table shows how often, in percent, the tests find a difference of one standard
//! deviation with alternating rounds:
//!
//! | noise | N | Welch | paired |
//! |---|---|---|---|
//! | independent | 10 | 55.5 | 50.8 |
//! | | 30 | 97.0 | 96.6 |
//! | autoregressive, 0.3 | 10 | 57.8 | 65.9 |
//! | autoregressive, 0.6 | 10 | 64.5 | 86.3 |
//! | autoregressive, 0.9 | 10 | 91.9 | 100.0 |
//!
//! Therefore: **interleave, in alternating rounds, and prefer the paired test.** It costs little
//! if samples are independent, and is the only one that is neither fooled nor blind if they are
//! not. In such rounds Student's and Welch's tests err only on the side of caution.

mod autocorrelation;
mod bootstrap;
mod dip;
mod effect;
mod holm;
mod proportion;
mod ratio;
mod t_test;
mod trend;
mod warnings;

pub use autocorrelation::Autocorrelation;
pub use bootstrap::ratio_interval;
pub use dip::Dip;
pub use effect::{Effect, Size};
pub use holm::holm;
pub use proportion::{clopper_pearson, wilson};
pub use ratio::{equivalence, paired_ratio};
pub use t_test::{TTest, critical_value};
pub use trend::Trend;
pub use warnings::{Warning, of_comparison, of_resolution, of_samples};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fewest samples for anything more than a t test.
///
/// With fewer, no trend reaches p < 0.01 (Mann and Kendall's test of five that all rise has p =
/// 0.027), and the bootstrap draws a single sample throughout too often.
pub const MIN_SAMPLES: usize = 6;

/// A confidence interval, including both ends.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Returns whether `value` is in the interval.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}
