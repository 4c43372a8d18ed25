//! Pictures of what was measured, as SVG.
//!
//! Nothing but the report goes into them, so that a saved one gives the same
//! picture, byte for byte.

mod axes;
mod compare;
mod frame;
mod number;
mod scale;
mod style;
mod sweep;
mod words;

pub use compare::comparison;
pub use sweep::curves;
