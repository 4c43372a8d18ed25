// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options that the measuring commands have in common.

use std::path::PathBuf;

use clap::Args;
use epoch_device::hook::Mechanism;

use super::{OptionsArgs, choices};

/// Options of every measurement.
#[derive(Clone, Debug, Args)]
pub struct MeasureArgs {
    /// Measurement options.
    #[command(flatten)]
    pub options: OptionsArgs,

    /// Mechanism that hooks calls with --where user and a tracker [default: syscall if one of the
    /// trackers sleeps, else the setting of hook/mechanism]
    #[arg(long, value_name = "MECHANISM", value_parser = choices::mechanism())]
    pub mechanism: Option<Mechanism>,

    /// Also write all results to this file as JSON; - is standard output, and text goes to stderr
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
