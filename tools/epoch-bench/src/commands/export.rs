// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench export`

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use epoch_results::judge;
use epoch_results::record::{self, CompareReport, RunReport, SweepReport};
use host::destination::{read, replaces};
use host::error::usage;

use super::setup::open_destination;
use crate::cli::ExportArgs;
use crate::show::export::Results;

/// Commands that write files that can be exported.
const COMMANDS: &str = "'run --json', 'compare --json' or 'sweep --json'";

pub fn execute(args: &ExportArgs) -> Result<()> {
    let name = args.file.display();
    if args
        .output
        .as_ref()
        .is_some_and(|output| replaces(&args.file, output))
    {
        return Err(usage(format!(
            "--output {name} would replace the file itself: name another file"
        )));
    }
    let mut results = read_results(&args.file)?;
    if let Some(tracker) = &args.tracker {
        results.series.retain(|series| series.tracker == *tracker);
        ensure!(
            !results.series.is_empty(),
            usage(format!("{name} has no samples of tracker {tracker}"))
        );
    }
    let text = args.format.text(&results)?;
    match open_destination("--output", args.output.as_deref())? {
        Some(destination) => destination.write(|out| Ok(out.write_all(text.as_bytes())?)),
        None => Ok(io::stdout().write_all(text.as_bytes())?),
    }
}

/// Reads the samples of a file. Bad data is a usage error, as with draw.
pub fn read_results(file: &Path) -> Result<Results> {
    let name = file.display();
    let json = read(file)
        .with_context(|| format!("cannot read {name}: name a file that {COMMANDS} wrote"))?;
    parse(&json).map_err(|error| {
        usage(format!(
            "{name} is nothing that {COMMANDS} wrote: {error:#}"
        ))
    })
}

fn parse(json: &[u8]) -> Result<Results> {
    let schema = record::schema(json)?;
    Ok(match &schema[..] {
        RunReport::SCHEMA => RunReport::read(json)?.into(),
        CompareReport::SCHEMA => judge::comparison(json)?.into(),
        SweepReport::SCHEMA => judge::sweep(json)?.into(),
        _ => bail!("it holds {schema}"),
    })
}
