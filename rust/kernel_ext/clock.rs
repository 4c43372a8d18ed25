// SPDX-License-Identifier: GPL-2.0

//! Time as user space sees it.

use kernel::bindings;

/// Returns `CLOCK_MONOTONIC` in nanoseconds. Any context but NMI.
pub fn monotonic_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get() as u64 }
}

/// Returns `CLOCK_MONOTONIC` in nanoseconds, read without a lock: it may jump by a little while the
/// clock is adjusted. Any context.
pub fn monotonic_fast_ns() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_mono_fast_ns() }
}
