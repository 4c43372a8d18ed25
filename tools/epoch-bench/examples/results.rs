// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes files of invented results to a directory, for the tests of their page.

#[path = "../tests/results/mod.rs"]
mod results;

use std::env;
use std::path::Path;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let dir = env::args_os().nth(1).context("name a directory")?;
    results::write(Path::new(&dir))?;
    let evil = "<script>document.title = 'evil'</script>";
    let mut comparison = results::comparison(evil);
    comparison.command_line.push(evil.into());
    let json = serde_json::to_string(&comparison)?;
    std::fs::write(Path::new(&dir).join("evil.json"), json)?;
    Ok(())
}
