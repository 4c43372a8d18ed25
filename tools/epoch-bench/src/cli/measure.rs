//! What the measuring commands have in common.

use std::path::PathBuf;

use clap::Args;
use epoch_results::options::Options;

/// Options that every measurement has.
#[derive(Clone, Debug, Args)]
pub struct MeasureArgs {
    /// How to measure.
    #[command(flatten)]
    pub options: Options,

    /// Write everything measured to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
