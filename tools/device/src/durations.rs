// SPDX-License-Identifier: MIT OR Apache-2.0

//! Histograms of an epoch, with a bucket for each power of two: the files `*_histogram` of
//! `/sys/kernel/epoch/`.

use std::num::ParseIntError;
use std::str::FromStr;

/// Exponent of the first bucket's upper bound in nanoseconds.
const FIRST: usize = 10;

/// Number of durations in each bucket: below 1.024 us, below twice that, and so on. The last bucket
/// has no upper bound. Without buckets if the module has no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(Vec<u64>);

impl FromStr for Durations {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Durations {
    /// Returns the durations since an earlier reading. If it has more, it is that of another epoch,
    /// and all are new.
    pub fn since(&self, before: &Self) -> Self {
        let before = before.0.iter().chain(std::iter::repeat(&0));
        let new = self.0.iter().zip(before);
        let new: Option<_> = new.map(|(now, before)| now.checked_sub(*before)).collect();
        new.map_or_else(|| self.clone(), Self)
    }

    /// Returns the counts of the buckets.
    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Returns the upper bound, in nanoseconds, of the bucket that the quantile is in: infinite for
    /// the last bucket. `None` if there are no durations.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let rank = (self.count() as f64 * quantile).ceil().max(1.0) as u64;
        let mut below = 0;
        let bucket = self.0.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(match bucket + 1 == self.0.len() {
            true => f64::INFINITY,
            false => (1u64 << (FIRST + bucket)) as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Durations {
        text.parse().unwrap()
    }

    #[test]
    fn quantiles_are_bounds_of_buckets() {
        let durations = of("0 5 4 1 0\n");
        let bounds = [0.0, 0.5, 0.51, 0.9, 0.99, 1.0].map(|of| durations.quantile(of).unwrap());
        assert_eq!(bounds, [2048.0, 2048.0, 4096.0, 4096.0, 8192.0, 8192.0]);
        assert_eq!(of("1").quantile(0.5), Some(f64::INFINITY));
        assert_eq!(of("0 0").quantile(0.5), None);
        assert_eq!(of("").quantile(0.5), None);
    }

    #[test]
    fn readings_are_subtracted() {
        let now = of("3 2 18446744073709551615");
        assert_eq!(now.since(&of("1 2 18446744073709551614")), of("2 0 1"));
        assert_eq!(now.since(&Durations::default()), now);
        assert_eq!(of("5 2").since(&of("4 3")), of("5 2"));
        assert!("1 x".parse::<Durations>().is_err());
    }
}
