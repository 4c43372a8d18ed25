// SPDX-License-Identifier: MIT OR Apache-2.0

//! Taking samples of workers.

use std::time::Duration;

use anyhow::Result;
use epoch_results::record::{Reading, Sample};

use crate::pool::Pool;

/// Takes a sample: lets the workers run for `interval`, and counts.
pub fn take(pool: &mut dyn Pool, interval: Duration) -> Result<Sample> {
    let before = pool.read()?;
    take_since(&before, pool, interval).map(|(sample, _)| sample)
}

/// Like [`take`], but starts at the readings that ended the previous sample; also returns the
/// readings that end this one.
pub fn take_since(
    before: &[Reading],
    pool: &mut dyn Pool,
    interval: Duration,
) -> Result<(Sample, Vec<Reading>)> {
    pool.wait(interval)?;
    let after = pool.read()?;
    Ok((Sample::between(before, &after)?, after))
}
