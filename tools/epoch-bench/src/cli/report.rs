// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `report`.

use std::path::PathBuf;

use clap::Args;

/// Options of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Files that --json of compare, sweep, run or doctor wrote, or profile as profile.json
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// File to write the page to
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,

    /// Title of the page [default: the trackers that were measured]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}
