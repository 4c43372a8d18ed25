// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `timeline`.

use std::path::PathBuf;

use clap::Args;

/// Options of `timeline`.
#[derive(Clone, Debug, Args)]
pub struct TimelineArgs {
    /// File to write; '-' for standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// Length of the timeline in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub ms: u32,

    /// Leave out sections, of which there may be millions a second
    #[arg(long)]
    pub no_sections: bool,

    /// Size of the kernel's buffer for each CPU in KiB; events beyond it are lost
    #[arg(long, value_name = "KIB", default_value_t = 8192,
          value_parser = clap::value_parser!(u32).range(4..=1_048_576))]
    pub buffer_kib: u32,
}
