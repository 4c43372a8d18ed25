// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `schema`.

use clap::{Args, ValueEnum};

/// Options of `schema`.
#[derive(Clone, Debug, Args)]
pub struct SchemaArgs {
    /// Command that writes the file to describe
    #[arg(value_enum, value_name = "COMMAND")]
    pub command: Saved,
}

/// Commands that write JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Saved {
    /// epoch-bench/run/1
    Run,
    /// epoch-bench/compare/1
    Compare,
    /// epoch-bench/sweep/1
    Sweep,
    /// epoch-bench/hook/1
    Hook,
    /// epoch-bench/torture/1
    Torture,
    /// epoch-bench/profile/1
    Profile,
    /// epoch-bench/doctor/1
    Doctor,
}
