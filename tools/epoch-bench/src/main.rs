// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench`: see `epoch-bench --help`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use epoch_bench::{cli::Cli, commands};
use epoch_device::error;

fn main() -> ExitCode {
    match commands::execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "epoch-bench: {}", error::describe(&error));
            ExitCode::from(error::exit_code(&error))
        }
    }
}
