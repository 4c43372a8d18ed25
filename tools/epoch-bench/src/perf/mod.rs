// SPDX-License-Identifier: MIT OR Apache-2.0

//! From `perf record` to flame graphs of the kernel's CPU time.
//!
//! Each step has a file: [`event`] selects the event to sample, [`program`] samples the kernel's
//! stacks, [`fold`] counts equal ones, [`flame`] draws them, and [`top`] lists the functions at
//! their ends. Nothing here depends on the profiled load.
//!
//! Stacks are folded, compared and drawn by inferno (CDDL-1.0), a port of
//! Brendan Gregg's FlameGraph.

pub mod event;
pub mod flame;
pub mod fold;
pub mod program;
pub mod top;

#[cfg(test)]
mod tests;
