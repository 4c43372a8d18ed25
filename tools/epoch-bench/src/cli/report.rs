// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of `report`.

use std::path::PathBuf;

use clap::Args;

/// Options of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Files written by --json of compare, sweep, run or doctor, or profile.json of profile; - is
    /// standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// HTML file to write; - is standard output
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,

    /// Title of the page [default: the measured trackers]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}
