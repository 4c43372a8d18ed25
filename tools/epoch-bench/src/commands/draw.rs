// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench draw`

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use epoch_device::error::usage;
use epoch_results::json::{self, CompareReport};
use epoch_results::sweep::SweepReport;

use super::pictures::Pictures;
use super::setup::{check_distinct, same_file};
use crate::cli::DrawArgs;

pub fn execute(args: &DrawArgs) -> Result<()> {
    let name = args.report.display();
    let json = read(&args.report).with_context(|| {
        format!(
            "cannot read {name}: name a file that 'compare --json' or 'sweep --json' wrote, or '-' \
             for standard input"
        )
    })?;
    // Bad data is a usage error, as with ministat.
    let picture = draw(&json).map_err(|error| {
        usage(format!(
            "{name} is nothing that 'compare --json' or 'sweep --json' wrote: {error:#}"
        ))
    })?;
    let named = args.pictures.named();
    for (option, path) in named {
        if path.is_some_and(|path| same_file(&args.report, path)) {
            return Err(usage(format!(
                "{option} {name} would replace the report itself: name another file"
            )));
        }
    }
    check_distinct(&named)?;
    Pictures::open(&args.pictures)?.deliver(|| Ok(picture))
}

fn draw(json: &[u8]) -> Result<String> {
    if json::schema(json)? == SweepReport::SCHEMA {
        epoch_figures::curves(&SweepReport::read(json)?)
    } else {
        epoch_figures::comparison(&CompareReport::read(json)?)
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
