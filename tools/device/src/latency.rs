// SPDX-License-Identifier: MIT OR Apache-2.0

//! Latency histograms of the kernel, and their percentiles.

use std::fmt;

use anyhow::Result;
use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::uapi::BUCKETS;

/// Times below this one, in nanoseconds, have a bucket each.
const EXACT: usize = 16;

/// Significant digits of the percentile histogram; the kernel's buckets have fewer than two.
const DIGITS: u8 = 3;

/// Number of times in each bucket of a kernel histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets([u64; BUCKETS]);

impl Buckets {
    /// Creates buckets from counts read from the kernel.
    pub fn new(counts: [u64; BUCKETS]) -> Self {
        Self(counts)
    }

    /// Returns the counts since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        let count = |bucket: usize| self.0[bucket].saturating_sub(before.0[bucket]);
        Self(std::array::from_fn(count))
    }

    /// Adds the counts of another interval.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

/// Returns the lower bound of a bucket in nanoseconds: see the header of the interface.
fn begins(bucket: usize) -> u64 {
    match bucket.checked_sub(EXACT) {
        None => bucket as u64,
        Some(above) => (8 + (above % 8) as u64) << (above / 8 + 1),
    }
}

/// Returns the time that represents a bucket: its midpoint.
fn midpoint(bucket: usize) -> u64 {
    begins(bucket).midpoint(begins(bucket + 1) - 1)
}

/// Percentiles of times, in nanoseconds. Each is the midpoint of a bucket, so it may be off by 6 %.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Number of measured times.
    pub count: u64,
    /// Median.
    pub p50_ns: u64,
    /// 90th percentile: one time in ten is longer.
    pub p90_ns: u64,
    /// 99th percentile: one time in a hundred is longer.
    pub p99_ns: u64,
    /// 99.9th percentile: one time in a thousand is longer.
    pub p99_9_ns: u64,
    /// Longest time.
    pub max_ns: u64,
}

impl Latency {
    /// Headings of the columns that [`columns`](Self::columns) returns.
    pub const NAMES: [&'static str; 5] = ["p50", "p90", "p99", "p99.9", "max"];

    /// Returns the percentiles of all times in the buckets, or `None` if the buckets are empty.
    pub fn of(buckets: &Buckets) -> Result<Option<Self>> {
        let mut times = Histogram::<u64>::new_with_max(begins(BUCKETS), DIGITS)?;
        let counts = buckets.0.iter().enumerate();
        // A bucket that is recorded with a count of 0 would still set the maximum.
        for (bucket, &count) in counts.filter(|(_, count)| **count > 0) {
            times.record_n(midpoint(bucket), count)?;
        }
        Ok((!times.is_empty()).then(|| Self {
            count: times.len(),
            p50_ns: times.value_at_quantile(0.5),
            p90_ns: times.value_at_quantile(0.9),
            p99_ns: times.value_at_quantile(0.99),
            p99_9_ns: times.value_at_quantile(0.999),
            max_ns: times.max(),
        }))
    }

    /// Formats the percentiles, in the order of [`NAMES`](Self::NAMES).
    pub fn columns(&self) -> [String; 5] {
        [
            self.p50_ns,
            self.p90_ns,
            self.p99_ns,
            self.p99_9_ns,
            self.max_ns,
        ]
        .map(|ns| time(ns as f64))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, time)) in Self::NAMES.iter().zip(self.columns()).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name} {time}")?;
        }
        Ok(())
    }
}

/// Formats a time in nanoseconds with three digits: `1.23 us`.
pub fn time(mut value: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("ns", 1e3), ("us", 1e3), ("ms", 1e3), ("s", f64::INFINITY)];
    for (unit, next) in UNITS {
        let size = value.abs();
        // A value that would be rounded to 1000 belongs to the next unit.
        if size < next - 0.5 {
            let decimals = match size {
                _ if unit == "ns" && value.fract() == 0.0 => 0,
                ..9.995 => 2,
                ..99.95 => 1,
                _ => 0,
            };
            return format!("{value:.decimals$} {unit}");
        }
        value /= next;
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_the_header() {
        assert_eq!((begins(0), begins(15), begins(16)), (0, 15, 16));
        assert_eq!((begins(17), begins(23), begins(24)), (18, 30, 32));
        assert_eq!(begins(BUCKETS - 1), 15 << 37);
        assert_eq!((midpoint(3), midpoint(16), midpoint(24)), (3, 16, 33));
    }

    fn buckets(counts: &[(usize, u64)]) -> Buckets {
        let mut all = [0; BUCKETS];
        for &(bucket, count) in counts {
            all[bucket] = count;
        }
        Buckets::new(all)
    }

    #[test]
    fn percentiles_are_those_of_the_times() {
        let latency = Latency::of(&buckets(&[(3, 900), (10, 90), (15, 9), (24, 1)]));
        let expected = Latency {
            count: 1000,
            p50_ns: 3,
            p90_ns: 3,
            p99_ns: 10,
            p99_9_ns: 15,
            max_ns: 33,
        };
        assert_eq!(latency.unwrap(), Some(expected.clone()));
        assert_eq!(
            expected.to_string(),
            "p50 3 ns, p90 3 ns, p99 10 ns, p99.9 15 ns, max 33 ns"
        );
    }

    #[test]
    fn the_first_and_the_last_bucket_count() {
        let latency = Latency::of(&buckets(&[(0, 1), (BUCKETS - 1, 1)]));
        let latency = latency.unwrap().unwrap();
        assert_eq!(latency.p50_ns, 0);
        assert!(latency.max_ns >= begins(BUCKETS - 1));
        assert_eq!(Latency::of(&Buckets::default()).unwrap(), None);
    }

    #[test]
    fn readings_are_subtracted_and_added() {
        let mut sum = Buckets::default();
        sum.add(&buckets(&[(1, 5), (2, 1)]).since(&buckets(&[(1, 2)])));
        sum.add(&buckets(&[(1, 6)]).since(&buckets(&[(1, 5)])));
        assert_eq!(sum, buckets(&[(1, 4), (2, 1)]));
    }

    #[test]
    fn times_are_short() {
        for (ns, text) in [
            (0.0, "0 ns"),
            (33.0, "33 ns"),
            (-2.5, "-2.50 ns"),
            (999.6, "1.00 us"),
            (1234.0, "1.23 us"),
            (65_432.0, "65.4 us"),
            (1e6, "1.00 ms"),
            (61e9, "61.0 s"),
            (1234e9, "1234 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }
}
