// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `doctor`.

use std::path::PathBuf;

use clap::Args;

/// Options of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Kernel tree to build the modules with, as KDIR of make [default: /lib/modules/$(uname
    /// -r)/build]
    #[arg(long, value_name = "DIR")]
    pub kdir: Option<PathBuf>,

    /// Also write all findings to this file as JSON; - is standard output, and text goes to stderr
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
