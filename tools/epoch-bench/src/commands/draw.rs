//! `epoch-bench draw`

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use epoch_device::error::usage;
use epoch_results::destination::Destination;
use epoch_results::json::{self, CompareReport};
use epoch_results::sweep::SweepReport;

use crate::cli::DrawArgs;

pub fn execute(args: &DrawArgs) -> Result<()> {
    let name = args.report.display();
    let json = read(&args.report).with_context(|| {
        format!(
            "cannot read {name}: name a file that 'compare --json' or 'sweep --json' wrote, or '-' \
             for standard input"
        )
    })?;
    // Bad data is bad usage, as with ministat.
    let picture = draw(&json).map_err(|error| {
        usage(format!(
            "{name} is nothing that 'compare --json' or 'sweep --json' wrote: {error:#}"
        ))
    })?;
    if same_file(&args.report, &args.svg) {
        return Err(usage(format!(
            "--svg {name} would replace the report itself: name another file"
        )));
    }
    Destination::open("--svg", &args.svg)?.write(|out| Ok(out.write_all(picture.as_bytes())?))
}

fn draw(json: &[u8]) -> Result<String> {
    if json::schema(json)? == SweepReport::SCHEMA {
        epoch_figures::curves(&SweepReport::read(json)?)
    } else {
        epoch_figures::comparison(&CompareReport::read(json)?)
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        // One of them does not exist.
        _ => false,
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
