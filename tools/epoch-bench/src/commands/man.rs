// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench man`

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};

pub fn execute(args: &ManArgs) -> Result<()> {
    write(&args.dir).with_context(|| {
        format!(
            "{}: the pages cannot be written; name a directory that you may write to",
            args.dir.display()
        )
    })
}

fn write(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    // Gives subcommands their full names, and the options common to all commands.
    command.build();
    let source = format!(
        "{} {}",
        command.get_name(),
        command.get_version().unwrap_or_default()
    );
    for page in pages(&command) {
        Man::new(page)
            .source(&source)
            .manual("Epochs for Linux")
            .generate_to(dir)?;
    }
    Ok(())
}

/// Returns the command and its subcommands.
fn pages(command: &Command) -> Vec<Command> {
    let subcommands = command.get_subcommands().cloned();
    std::iter::once(command.clone())
        .chain(subcommands)
        .collect()
}
