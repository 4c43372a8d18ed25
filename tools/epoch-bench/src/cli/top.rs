// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `top`.

use clap::Args;

/// Options of `top`.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// Time between two tables in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(10..=3_600_000))]
    pub interval_ms: u32,

    /// Number of tables [default: until interrupted]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
}
