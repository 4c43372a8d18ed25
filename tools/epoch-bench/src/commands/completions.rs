// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench completions`

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};

pub fn execute(args: &CompletionsArgs) -> Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Not to stdout directly: if its reader has gone, generate() panics.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    let script = String::from_utf8(script).context("the script is no text: this is a bug")?;
    let lines = script.lines().map(|line| without_names(line) + "\n");
    io::stdout().write_all(lines.collect::<String>().as_bytes())?;
    Ok(())
}

/// Removes names such as `<FILE>` from the words that bash offers: bash completes files by itself.
fn without_names(line: &str) -> String {
    let Some((start, words)) = line.split_once("opts=\"") else {
        return line.to_owned();
    };
    let is_name = |word: &&str| word.trim_end_matches(['"', '.']).ends_with(['>', ']']);
    let words: Vec<_> = words
        .trim_end_matches('"')
        .split(' ')
        .filter(|word| !is_name(word))
        .collect();
    format!("{start}opts=\"{}\"", words.join(" "))
}
