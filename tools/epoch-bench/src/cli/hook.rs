// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `hook`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;

use super::choices;

/// Options of `hook`.
#[derive(Clone, Debug, Args)]
pub struct HookArgs {
    /// Trackers whose blocks surround the hooked calls; COMMAND runs once with each [default: the
    /// tracker selected in sysfs]
    #[arg(long, value_delimiter = ',', value_name = "TRACKER,...",
          value_parser = choices::tracker(), hide_possible_values = true)]
    pub tracker: Vec<String>,

    /// Kernel function to hook with a probe [default: the setting of hook/symbol]
    #[arg(long, value_name = "FUNCTION")]
    pub symbol: Option<String>,

    /// Mechanism that hooks the function [default: syscall if one of the trackers sleeps, else the
    /// setting of hook/mechanism]
    #[arg(long, value_parser = choices::mechanism())]
    pub mechanism: Option<Mechanism>,

    /// Hook the calls of all tasks, not only of COMMAND and its descendants
    #[arg(long, conflicts_with = "comm")]
    pub all: bool,

    /// Hook the calls of all tasks with this name (comm), at most 15 bytes
    #[arg(long, value_name = "NAME", value_parser = comm)]
    pub comm: Option<String>,

    /// Also write all results to this file as JSON; - is standard output, and text goes to stderr
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
