// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `hook`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;

/// Options of `hook`.
#[derive(Clone, Debug, Args)]
pub struct HookArgs {
    /// Trackers whose blocks to put around the calls; COMMAND is run once with
    /// each. Without it, the one that is selected
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...")]
    pub tracker: Vec<String>,

    /// Function to hook by a probe; without it, the one in hook/symbol
    #[arg(long, value_name = "FUNCTION")]
    pub symbol: Option<String>,

    /// How to hook it [default: syscall if one of the trackers sleeps, else as
    /// hook/mechanism says]
    #[arg(long, value_enum)]
    pub mechanism: Option<Mechanism>,

    /// Hook the calls of everybody, not only of COMMAND and its descendants
    #[arg(long, conflicts_with = "comm")]
    pub all: bool,

    /// Hook the calls of all tasks with this name, of at most 15 bytes
    #[arg(long, value_name = "NAME", value_parser = comm)]
    pub comm: Option<String>,

    /// Write everything measured to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Command to run while the hook is attached
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

fn comm(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.len() > 15 || name.contains(['\n', '\0']) {
        return Err("a task's name has 1 to 15 bytes");
    }
    Ok(name.into())
}
