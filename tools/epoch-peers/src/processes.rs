// SPDX-License-Identifier: GPL-2.0

//! Measuring in processes of their own. Where code and data lie, and what a CPU's predictors make of
//! those addresses, is chosen anew for each; within a process it stays.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::measure::{Figures, Plan};

/// Measures as planned, with this program, in another process.
pub fn measure(plan: &Plan, candidates: usize) -> Result<Figures> {
    let program = env::current_exe().context("this program cannot be found")?;
    let output = Command::new(&program)
        .arg("--figures")
        .args(["--threads", &plan.cpus.len().to_string()])
        .args(["--rounds", &plan.rounds.to_string()])
        .args(["--turn-us", &plan.turn.as_micros().to_string()])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be run again", program.display()))?;
    ensure!(
        output.status.success(),
        "a process that measures has ended with {}",
        output.status
    );
    let figures: Figures = serde_json::from_slice(&output.stdout)
        .context("a process that measures has printed no figures")?;
    let complete =
        figures.len() == candidates && figures.iter().all(|rounds| rounds.len() == plan.rounds);
    ensure!(complete, "a process that measures has left out some");
    Ok(figures)
}

/// Writes what one process has measured, for [`measure`] in another.
pub fn write(out: &mut dyn Write, figures: &Figures) -> Result<()> {
    serde_json::to_writer(&mut *out, figures)?;
    Ok(writeln!(out)?)
}

/// Says how far it is, to who looks on.
pub fn progress(number: u32, of: u32, threads: usize) {
    let mut err = io::stderr();
    if err.is_terminal() {
        let _ = writeln!(err, "process {number} of {of}, threads: {threads}");
    }
}
