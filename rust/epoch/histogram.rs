// SPDX-License-Identifier: GPL-2.0

//! Histograms of durations, with a bucket for each power of two.

use kernel::fmt;
use kernel_ext::once::OnceWord;

/// The number of buckets; the last one has no upper bound.
const BUCKETS: usize = 32;

/// Exponent of the first bucket's upper bound, in nanoseconds: about a microsecond.
const FIRST: u32 = 10;

/// The number of durations in each bucket: below 2^10 ns, below 2^11 ns, and so on.
pub(crate) struct Histogram([OnceWord; BUCKETS]);

impl Histogram {
    /// Creates an empty histogram: all zeroes.
    pub(crate) const fn new() -> Self {
        Self([const { OnceWord::new(0) }; BUCKETS])
    }

    /// Counts a duration, where nobody else counts at the same time: otherwise some get lost. Any
    /// context.
    pub(crate) fn count(&self, ns: u64) {
        let count = &self.0[bucket(ns)];
        count.write(count.read().wrapping_add(1));
    }

    /// Counts `number` durations of `ns` each. Any context.
    pub(crate) fn add(&self, ns: u64, number: usize) {
        self.0[bucket(ns)].add(number);
    }
}

/// Returns the bucket of a duration.
pub(crate) fn bucket(ns: u64) -> usize {
    let above = u64::BITS - (ns >> FIRST).leading_zeros();
    (above as usize).min(BUCKETS - 1)
}

/// Writes the counts, separated by blanks.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, count) in self.0.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{}", count.read())?;
        }
        Ok(())
    }
}

#[cfg(CONFIG_KUNIT = "y")]
#[kernel::macros::kunit_tests(epoch_durations)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two() {
        assert_eq!((bucket(0), bucket(1023)), (0, 0));
        assert_eq!((bucket(1024), bucket(2047), bucket(2048)), (1, 1, 2));
        let last = 1u64 << (FIRST as usize + BUCKETS - 2);
        assert_eq!((bucket(last - 1), bucket(last)), (BUCKETS - 2, BUCKETS - 1));
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
