// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tests with output of perf, and with a program in its place.

mod graphs;
mod program;
