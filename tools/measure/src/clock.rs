// SPDX-License-Identifier: MIT OR Apache-2.0

//! The clock that all intervals are measured by.

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};

/// Returns the time of `CLOCK_MONOTONIC` in nanoseconds.
pub fn monotonic_ns() -> Result<u64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).context("CLOCK_MONOTONIC cannot be read")?;
    Ok(now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64)
}
