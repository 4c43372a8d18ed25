// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench draw`

use anyhow::{Context, Result};
use epoch_results::judge;
use epoch_results::record::{self, SweepReport};
use host::destination::{read, replaces};
use host::error::usage;

use super::pictures::Pictures;
use super::setup::check_distinct;
use crate::cli::DrawArgs;

pub fn execute(args: &DrawArgs) -> Result<()> {
    let name = args.report.display();
    let named = args.pictures.named();
    for (option, path) in named {
        if path.is_some_and(|path| replaces(&args.report, path)) {
            return Err(usage(format!(
                "{option} {name} would replace the report itself: name another file"
            )));
        }
    }
    check_distinct(&named)?;
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
    Pictures::open(&args.pictures)?.deliver(|| Ok(picture))
}

fn draw(json: &[u8]) -> Result<String> {
    if record::schema(json)? == SweepReport::SCHEMA {
        crate::show::svg::curves(&judge::sweep(json)?)
    } else {
        crate::show::svg::comparison(&judge::comparison(json)?)
    }
}
