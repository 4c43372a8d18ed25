// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `doctor`.

use std::path::PathBuf;

use clap::Args;

/// Options of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Kernel tree to build with, as make's KDIR [default: /lib/modules/$(uname
    /// -r)/build]
    #[arg(long, value_name = "DIR")]
    pub kdir: Option<PathBuf>,

    /// Write everything found to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
