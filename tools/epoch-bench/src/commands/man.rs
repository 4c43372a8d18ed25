// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench man`

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::examples::{self, Example};
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
    let pages = pages(&command);
    for page in &pages {
        let file = dir.join(file_name(page));
        let others = pages
            .iter()
            .filter(|other| other.get_name() != page.get_name());
        fs::write(file, text(page, others, &source)?)?;
    }
    Ok(())
}

fn file_name(page: &Command) -> String {
    let name = page.get_display_name().unwrap_or(page.get_name());
    format!("{name}.1")
}

/// Returns a page with the sections of clap_mangen but the synopsis, whose names have no values,
/// and with examples.
fn text<'a>(
    page: &'a Command,
    others: impl Iterator<Item = &'a Command>,
    source: &str,
) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let man = Man::new(page.clone())
        .source(source)
        .manual("Epochs for Linux");
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    let usage = page.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(out, ".SH SYNOPSIS\n.B {}", escaped(usage))?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if page.has_subcommands() {
        writeln!(out, ".SH COMMANDS")?;
        man.render_subcommands_section(&mut out)?;
    }
    let mut notes = Vec::new();
    man.render_extra_section(&mut notes)?;
    let notes = String::from_utf8_lossy(&notes);
    out.write_all(notes.replacen(".SH EXTRA", ".SH NOTES", 1).as_bytes())?;
    writeln!(out, ".SH EXAMPLES")?;
    for Example { what, line } in examples::of(page.get_name()) {
        writeln!(
            out,
            ".PP\n{}\n.PP\n.RS 4\n.EX\n{}\n.EE\n.RE",
            escaped(what),
            escaped(line)
        )?;
    }
    let mut see: Vec<_> = others
        .map(|other| other.get_display_name().unwrap_or(other.get_name()))
        .map(|name| format!(".BR {} (1)", escaped(name)))
        .collect();
    see.extend(["perf", "ministat"].map(|name| format!(".BR {name} (1)")));
    writeln!(out, ".SH \"SEE ALSO\"\n{}", see.join(",\n"))?;
    Ok(out)
}

/// Returns text that roff prints as it is.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
}

/// Returns the command and its subcommands.
fn pages(command: &Command) -> Vec<Command> {
    let subcommands = command.get_subcommands().cloned();
    std::iter::once(command.clone())
        .chain(subcommands)
        .collect()
}
