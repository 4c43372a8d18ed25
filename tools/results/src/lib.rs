// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results of measurements: samples, statistics, and the files that hold them.

pub mod activity;
pub mod carriers;
pub mod compare;
pub mod evidence;
#[cfg(any(test, feature = "fakes"))]
#[allow(clippy::unwrap_used, missing_docs)]
pub mod examples;
pub mod false_positives;
pub mod hook_cost;
pub mod hooked;
pub mod json;
pub mod options;
pub mod profile;
pub mod sample;
pub mod stats;
pub mod summary;
pub mod sweep;
pub mod table;
pub mod torture;
pub mod usl;
pub mod workload;
