// SPDX-License-Identifier: MIT OR Apache-2.0

//! The interface of epoch_bench.ko: its device, its files in sysfs, its hook.

pub mod counters;
pub mod device;
pub mod durations;
pub mod epochs;
pub mod hook;
pub mod latency;
pub mod observe;
pub mod orders;
pub mod sysfs;
pub mod testcase;
#[allow(missing_docs)]
pub mod uapi;
