// SPDX-License-Identifier: MIT OR Apache-2.0

//! Shares of samples in a profile.

use epoch_stats::Interval;

use crate::record::Share;

impl Share {
    /// Computes the share of `samples` in `all`, with Wilson's interval, which assumes independent
    /// samples; consecutive samples of a CPU are not quite.
    pub fn new(samples: u64, all: u64) -> Self {
        let Interval { low, high } = epoch_stats::wilson(samples, all, 0.95);
        Self {
            samples,
            share: samples as f64 / all.max(1) as f64,
            low,
            high,
        }
    }
}
