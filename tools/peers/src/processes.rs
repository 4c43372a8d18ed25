// SPDX-License-Identifier: GPL-2.0

//! Measurement in separate processes. Each has its own addresses of code and data, and its own
//! effect of them on a CPU's predictors; within a process both stay the same.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::measure::{Figures, Plan};

/// Runs the plan in another process of this program.
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

/// Writes the figures of one process, for [`measure`] in another.
pub fn write(out: &mut dyn Write, figures: &Figures) -> Result<()> {
    serde_json::to_writer(&mut *out, figures)?;
    Ok(writeln!(out)?)
}

/// Prints the progress on a terminal.
pub fn progress(number: u32, of: u32, threads: usize) {
    let mut err = io::stderr();
    if err.is_terminal() {
        let _ = writeln!(err, "process {number} of {of}, threads: {threads}");
    }
}
