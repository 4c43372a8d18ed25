// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench`: see `epoch-bench --help`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use epoch_bench::{cli::Cli, commands};
use epoch_measure::signals;
use host::error;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_measurement = cli.command.is_measurement();
    match commands::execute(cli) {
        Ok(code) => code,
        // As `command | head` ends. A measurement that ends early has failed.
        Err(error) if error::is_unread(&error) && !is_measurement => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "epoch-bench: {}", error::describe(&error));
            signals::end();
            ExitCode::from(error::exit_code(&error))
        }
    }
}
