// SPDX-License-Identifier: MIT OR Apache-2.0

//! Verdicts on records: statistics, tests, models.

mod activity;
mod carriers;
mod comparison;
pub mod diff;
mod false_positives;
mod hook_cost;
mod share;
mod statistics;
mod sweep;
mod usl;

pub use carriers::{Carriers, Pair};
pub use comparison::{
    Stopping, compare, comparison, datasets, level, precision, resolution, test_equivalence,
    warnings,
};
pub use sweep::{Curve, Highest, sweep};
pub use usl::{Law, MIN_POINTS, fit};
