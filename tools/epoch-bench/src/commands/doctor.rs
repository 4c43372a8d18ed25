// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench doctor`

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ColorChoice;
use epoch_results::record;
use host::environment::Environment;

use super::module::selected_tracker;
use super::setup::{command_line, open_destination};
use crate::cli::DoctorArgs;
use crate::doctor::{self, Report, System};

pub fn execute(args: &DoctorArgs, color: ColorChoice) -> Result<ExitCode> {
    let destination = open_destination("--json", args.json.as_deref())?;
    let sections = doctor::examine(&System::this(), args.kdir.as_deref());
    let report = Report::new(
        command_line(),
        Environment::detect(selected_tracker()),
        sections,
    );

    report.write(&mut io::stdout(), width(), coloured(color))?;
    if let Some(destination) = destination {
        destination
            .write(|out| record::write(out, &report))
            .context("everything was looked at, but")?;
    }
    Ok(match report.missing {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Returns the width of the terminal; `None` for a pipe, whose reader wants one line per finding.
fn width() -> Option<usize> {
    let terminal = io::stdout().is_terminal().then(console::Term::stdout)?;
    Some(usize::from(terminal.size_checked()?.1))
}

fn coloured(color: ColorChoice) -> bool {
    match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // Not if NO_COLOR is set, nor in a pipe.
        ColorChoice::Auto => console::colors_enabled(),
    }
}
