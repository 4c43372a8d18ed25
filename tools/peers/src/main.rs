// SPDX-License-Identifier: GPL-2.0

//! `epoch-peers`: see `epoch-peers --help`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use epoch_peers::candidates::{self, Entry};
use epoch_peers::cli::Cli;
use epoch_peers::measure::{Plan, measure};
use epoch_peers::processes;
use epoch_peers::report::{Machine, Method, Report, Skipped, Table};
use epoch_peers::{picture, text};
use host::destination::Destination;
use host::error::{describe, exit_code, usage};
use host::topology::allowed_cpus;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "epoch-peers: {}", describe(&error));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let allowed = allowed_cpus()?;
    let placements = cli.placements(&allowed).map_err(|threads| {
        usage(format!(
            "--threads {threads}: each thread needs a CPU of its own, and this process may use {}",
            allowed.len()
        ))
    })?;
    let open = |option, path: &Option<_>| {
        let path: Option<&Path> = path.as_deref();
        path.map(|path| Destination::open(option, path)).transpose()
    };
    let json = open("--json", &cli.json)?;
    let svg = open("--svg", &cli.svg)?;

    let entries = candidates::all();
    let (mut present, mut with_candidates) = (Vec::new(), Vec::new());
    let mut skipped = Vec::new();
    for entry in &entries {
        let Entry { name, .. } = *entry;
        match &entry.candidate {
            Ok(candidate) => {
                present.push(entry);
                with_candidates.push(candidate.as_ref());
            }
            Err(why) => skipped.push(Skipped { name, why }),
        }
    }

    let mut report = Report {
        schema: "epoch-peers/2",
        machine: Machine::detect(&allowed),
        method: Method::of(cli.processes as usize, cli.rounds as usize, cli.turn()),
        tables: Vec::new(),
        skipped,
    };
    let out = &mut io::stdout().lock();
    let plan = |cpus| Plan {
        rounds: cli.rounds as usize,
        turn: cli.turn(),
        cpus,
    };
    if cli.figures {
        for cpus in placements {
            processes::write(out, &measure(&plan(cpus), &with_candidates)?)?;
        }
        return Ok(());
    }
    text::head(out, &report)?;
    for cpus in placements {
        let plan = plan(cpus);
        let measured: Result<Vec<_>> = (1..=cli.processes)
            .map(|number| {
                processes::progress(number, cli.processes, plan.cpus.len());
                processes::measure(&plan, with_candidates.len())
            })
            .collect();
        let table = Table::new(&plan, &present, &measured?);
        text::table(out, &table)?;
        report.tables.push(table);
    }
    if let Some(table) = report.tables.first() {
        text::legend(out, table)?;
    }

    if let Some(json) = json {
        json.write(|out| {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            Ok(writeln!(out)?)
        })?;
    }
    if let Some(svg) = svg {
        svg.write(|out| Ok(out.write_all(picture::svg(&report)?.as_bytes())?))?;
    }
    Ok(())
}
