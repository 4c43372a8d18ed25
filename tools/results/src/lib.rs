// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results of measurements: [`record`] holds them, as in files, and [`judge`] draws conclusions.

#[cfg(any(test, feature = "fakes"))]
#[allow(clippy::unwrap_used, missing_docs)]
pub mod examples;
pub mod judge;
pub mod record;
