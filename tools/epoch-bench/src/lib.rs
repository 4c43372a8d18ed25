// SPDX-License-Identifier: MIT OR Apache-2.0

//! The `epoch-bench` command, as a library for its tests.

pub mod cli;
pub mod commands;
pub mod doctor;
pub mod perf;
mod show;
