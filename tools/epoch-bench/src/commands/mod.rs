// SPDX-License-Identifier: MIT OR Apache-2.0

//! The subcommands.

mod bench;
mod compare;
mod completions;
mod conditions;
mod diff;
mod doctor;
mod draw;
mod export;
mod hook;
mod man;
mod mechanism;
mod ministat;
mod module;
mod pictures;
mod profile;
mod report;
mod run;
mod schema;
mod setup;
mod sweep;
mod timeline;
mod top;
mod torture;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command};

/// Executes the command line, and returns its exit code.
pub fn execute(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Doctor(args) => return doctor::execute(&args, cli.color),
        Command::Hook(args) => return hook::execute(&args),
        Command::Run(args) => run::execute(&args),
        Command::Compare(args) => compare::execute(&args),
        Command::Sweep(args) => sweep::execute(&args),
        Command::Torture(args) => torture::execute(&args),
        Command::Timeline(args) => timeline::execute(&args),
        Command::Top(args) => top::execute(&args),
        Command::Profile(args) => profile::execute(&args),
        Command::Diff(args) => diff::execute(&args),
        Command::Draw(args) => draw::execute(&args),
        Command::Export(args) => export::execute(&args),
        Command::Report(args) => report::execute(&args),
        Command::Ministat(args) => ministat::execute(&args),
        Command::Schema(args) => schema::execute(&args),
        Command::Completions(args) => completions::execute(&args),
        Command::Man(args) => man::execute(&args),
    }?;
    Ok(ExitCode::SUCCESS)
}
