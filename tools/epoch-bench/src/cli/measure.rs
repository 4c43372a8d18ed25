// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the measuring commands have in common.

use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;
use epoch_results::options::Options;

/// Options that every measurement has.
#[derive(Clone, Debug, Args)]
pub struct MeasureArgs {
    /// How to measure.
    #[command(flatten)]
    pub options: Options,

    /// How to hook calls with --where user and a tracker [default: syscall if
    /// one of the trackers sleeps, else as hook/mechanism says]
    #[arg(long, value_enum, value_name = "MECHANISM")]
    pub mechanism: Option<Mechanism>,

    /// Write everything measured to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
