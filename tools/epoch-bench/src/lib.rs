//! The `epoch-bench` command, as a library for its tests.

pub mod cli;
pub mod commands;
