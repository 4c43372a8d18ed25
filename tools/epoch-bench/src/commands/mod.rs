//! The subcommands.

mod compare;
mod draw;
mod ministat;
mod run;
mod setup;

use anyhow::Result;

use crate::cli::{Cli, Command};

/// Does what the command line says.
pub fn execute(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Run(args) => run::execute(&args),
        Command::Compare(args) => compare::execute(&args),
        Command::Draw(args) => draw::execute(&args),
        Command::Ministat(args) => ministat::execute(&args),
    }
}
