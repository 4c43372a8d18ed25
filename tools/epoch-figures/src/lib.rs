// SPDX-License-Identifier: MIT OR Apache-2.0

//! Pictures of what was measured, as SVG and as PNG.
//!
//! Nothing but the report goes into them, so that a saved one gives the same
//! picture, byte for byte.

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
pub use png::png;
pub use sweep::curves;
