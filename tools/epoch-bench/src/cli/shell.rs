// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to generate completions for
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Directory to write the manual pages to; created if missing
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
