// SPDX-License-Identifier: GPL-2.0

//! Tracepoints: of what happens once in a grace period, so that each is a call into C, where it is a
//! branch on a static key.

use crate::{
    domain::Pace,
    helpers, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// Grace period number `seq` begins.
pub(crate) fn gp_start(name: &CStr, seq: usize, pace: Pace) {
    // SAFETY: The name is copied.
    unsafe { helpers::epoch_trace_gp_start(name.as_char_ptr(), seq, pace == Pace::Expedited) };
}

/// It has ended.
pub(crate) fn gp_end(name: &CStr, seq: usize, pace: Pace, duration_ns: u64) {
    let expedited = pace == Pace::Expedited;
    // SAFETY: The name is copied.
    unsafe { helpers::epoch_trace_gp_end(name.as_char_ptr(), seq, expedited, duration_ns) };
}

/// It is reported for having taken so long.
pub(crate) fn stall(name: &CStr, seq: usize, duration_ns: u64, readers: usize) {
    // SAFETY: The name is copied.
    unsafe { helpers::epoch_trace_stall(name.as_char_ptr(), seq, duration_ns, readers) };
}

/// `count` callbacks have been called.
pub(crate) fn callbacks(name: &CStr, count: usize) {
    // SAFETY: The name is copied.
    unsafe { helpers::epoch_trace_callbacks(name.as_char_ptr(), count) };
}
