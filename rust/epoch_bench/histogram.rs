// SPDX-License-Identifier: GPL-2.0

//! Histograms of latencies, with the buckets that `include/uapi/linux/epoch_bench.h` describes.

use crate::uapi;
use kernel::prelude::*;
use kernel_ext::percpu::{
    Counters,
    PerCpu, //
};

const BUCKETS: usize = uapi::EPOCH_BENCH_BUCKETS as usize;

/// Times below this one, in nanoseconds, have a bucket each.
const EXACT: u64 = 16;

/// Exponent of the highest power of two that has buckets of its own.
const LAST: u32 = 40;

/// A count for each bucket, on each CPU.
pub(crate) struct Histogram(PerCpu<Counters<BUCKETS>>);

impl Histogram {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(PerCpu::new()?))
    }

    /// Counts a duration. Any context.
    #[inline(always)]
    pub(crate) fn count(&self, ns: u64) {
        self.0.inc(bucket(ns));
    }

    /// Writes the counts of all CPUs to `buckets`.
    pub(crate) fn read(&self, buckets: &mut [u64; BUCKETS]) {
        for (index, bucket) in buckets.iter_mut().enumerate() {
            *bucket = self.0.sum(index) as u64;
        }
    }
}

/// Returns the bucket of a duration.
pub(crate) fn bucket(ns: u64) -> usize {
    if ns < EXACT {
        return ns as usize;
    }
    let power = ns.ilog2();
    if power > LAST {
        return BUCKETS - 1;
    }
    // The three bits after the first.
    let eighth = (ns >> (power - 3)) & 7;
    EXACT as usize + 8 * (power as usize - 4) + eighth as usize
}

#[cfg(CONFIG_KUNIT = "y")]
#[kernel::macros::kunit_tests(epoch_histogram)]
mod tests {
    use super::*;

    /// Returns the lower bound of a bucket, as the header defines it.
    fn begins(bucket: usize) -> u64 {
        match bucket.checked_sub(EXACT as usize) {
            None => bucket as u64,
            Some(above) => (8 + (above % 8) as u64) << (above / 8 + 1),
        }
    }

    #[test]
    fn each_bucket_begins_where_the_header_says() {
        for index in 0..BUCKETS {
            assert_eq!(bucket(begins(index)), index);
            if index > 0 {
                assert_eq!(bucket(begins(index) - 1), index - 1);
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn counts_add_up_over_all_cpus() -> Result {
        let histogram = Histogram::new()?;
        let mut buckets = KBox::new([0; BUCKETS], GFP_KERNEL)?;
        for ns in [3, 3, 17, u64::MAX] {
            histogram.count(ns);
        }
        histogram.read(&mut buckets);
        assert_eq!(buckets.iter().sum::<u64>(), 4);
        assert_eq!((buckets[3], buckets[16], buckets[BUCKETS - 1]), (2, 1, 1));
        Ok(())
    }
}
