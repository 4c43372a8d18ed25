// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench diff`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use host::error::usage;

use super::export::read_results;
use crate::cli::DiffArgs;
use crate::show::diff::Diff;
use crate::show::export::Results;

pub fn execute(args: &DiffArgs) -> Result<()> {
    let old = side(&args.before, &args.old)?;
    let new = side(&args.after, &args.new)?;
    // Files that cannot be compared are a usage error.
    let diff =
        Diff::of(&old, &new, args.confidence).map_err(|error| usage(format!("{error:#}")))?;
    io::stdout().write_all(diff.text().as_bytes())?;
    Ok(())
}

fn side(first: &PathBuf, others: &[PathBuf]) -> Result<Vec<Results>> {
    let files = std::iter::once(first).chain(others);
    files.map(|file| read_results(file)).collect()
}
