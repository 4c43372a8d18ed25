// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plots of results, as SVG and as PNG.
//!
//! A plot depends on nothing but the report, so that a saved report gives the same plot, byte for
//! byte.

mod axes;
mod compare;
mod frame;
mod number;
mod png;
mod scale;
mod style;
mod sweep;
pub mod words;

pub use compare::comparison;
pub use png::{check_png, png};
pub use sweep::curves;
