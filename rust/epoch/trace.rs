// SPDX-License-Identifier: GPL-2.0

//! Tracepoints of events that occur once in a grace period. Each is a call into C, which branches
//! on a static key.

use crate::{
    domain::Pace,
    helpers, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// Traces the beginning of grace period number `seq`.
pub(crate) fn gp_start(name: &CStr, seq: usize, pace: Pace) {
    // SAFETY: `name` is NUL-terminated and valid during the call, which copies it.
    unsafe { helpers::epoch_trace_gp_start(name.as_char_ptr(), seq, pace == Pace::Expedited) };
}

/// Traces the end of grace period number `seq`.
pub(crate) fn gp_end(name: &CStr, seq: usize, pace: Pace, duration_ns: u64) {
    let expedited = pace == Pace::Expedited;
    // SAFETY: `name` is NUL-terminated and valid during the call, which copies it.
    unsafe { helpers::epoch_trace_gp_end(name.as_char_ptr(), seq, expedited, duration_ns) };
}

/// Traces the report of a stall of grace period number `seq`.
pub(crate) fn stall(name: &CStr, seq: usize, duration_ns: u64, readers: usize) {
    // SAFETY: `name` is NUL-terminated and valid during the call, which copies it.
    unsafe { helpers::epoch_trace_stall(name.as_char_ptr(), seq, duration_ns, readers) };
}

/// Traces the invocation of `count` callbacks.
pub(crate) fn callbacks(name: &CStr, count: usize) {
    // SAFETY: `name` is NUL-terminated and valid during the call, which copies it.
    unsafe { helpers::epoch_trace_callbacks(name.as_char_ptr(), count) };
}
