// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench ministat`

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::Path;

use anyhow::{Result, anyhow};
use host::error::usage;
use ministat::{
    DEFAULT_WIDTH, Dataset, Edition, Input, MAX_DATASETS, MAX_WIDTH, MIN_WIDTH, Options, report,
};

use crate::cli::MinistatArgs;

/// Name that ministat gives to standard input.
const STDIN: &str = "<stdin>";

pub fn execute(args: &MinistatArgs) -> Result<()> {
    if args.files.len() > MAX_DATASETS {
        return Err(usage(format!(
            "{} files given: at most {MAX_DATASETS} can be compared at a time",
            args.files.len()
        )));
    }
    let edition = if args.legacy_relative_error {
        Edition::Legacy
    } else {
        Edition::Current
    };
    let input = Input {
        column: args.column as usize,
        delimiters: args.delimiters.clone().into_bytes(),
    };
    let datasets = if args.files.is_empty() {
        vec![read(Path::new("-"), &input, edition)?]
    } else {
        let files = args.files.iter();
        files
            .map(|file| read(file, &input, edition))
            .collect::<Result<_>>()?
    };
    let options = Options {
        confidence: args.confidence,
        plot: !args.no_plot,
        vitals_only: args.vitals_only,
        quiet: args.quiet,
        separate_bars: args.separate_bars,
        width: args
            .width
            .map_or_else(default_width, |width| width as usize),
        edition,
    };
    let text = report(&datasets, &options)?;
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn read(path: &Path, input: &Input, edition: Edition) -> Result<Dataset> {
    if path == Path::new("-") {
        // Bad data is a usage error, as with the original.
        return Dataset::read(STDIN, io::stdin().lock(), input)
            .map_err(|error| usage(error.to_string()));
    }
    let name = path.to_string_lossy();
    let file = File::open(path).map_err(|error| {
        let text = format!(
            "cannot open {name}: {error}: name a file of numbers, or '-' for standard input"
        );
        // The exit codes of the originals.
        match edition {
            Edition::Current => usage(text),
            Edition::Legacy => anyhow!(text),
        }
    })?;
    match Dataset::read(name, BufReader::new(file), input) {
        Ok(dataset) => Ok(dataset),
        Err(error @ ministat::Error::Read { .. }) => Err(error.into()),
        Err(error) => Err(usage(error.to_string())),
    }
}

/// Returns the default width of the plot: that of the terminal without the frame.
fn default_width() -> usize {
    if !io::stdout().is_terminal() {
        return DEFAULT_WIDTH;
    }
    let columns = std::env::var("COLUMNS").ok();
    let columns = columns.and_then(|text| text.parse().ok()).or_else(|| {
        let (_, columns) = console::Term::stdout().size_checked()?;
        usize::from(columns).checked_sub(2)
    });
    drawable(columns)
}

/// Returns the width that a plot takes where it was told of `columns`; only a user's own choice may
/// be refused.
fn drawable(columns: Option<usize>) -> usize {
    columns
        .filter(|columns| (MIN_WIDTH..=MAX_WIDTH).contains(columns))
        .unwrap_or(DEFAULT_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_that_nobody_chose_is_never_refused() {
        assert_eq!(drawable(Some(100)), 100);
        for columns in [
            None,
            Some(0),
            Some(1),
            Some(MIN_WIDTH - 1),
            Some(MAX_WIDTH + 1),
        ] {
            assert_eq!(drawable(columns), DEFAULT_WIDTH, "{columns:?}");
        }
    }
}
