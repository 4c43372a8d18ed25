// SPDX-License-Identifier: GPL-2.0

//! Time as user space sees it.

use kernel::bindings;

/// Nanoseconds of `CLOCK_MONOTONIC`. Any context but NMI.
pub fn monotonic_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get() as u64 }
}

/// The same, read without a lock: it may jump by a little while the clock is adjusted. Any context.
pub fn monotonic_fast_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_mono_fast_ns() }
}
