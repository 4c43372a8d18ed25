// SPDX-License-Identifier: MIT OR Apache-2.0

//! Complete report.

use std::fmt::Write;

use crate::plot;
use crate::{
    Confidence, DEFAULT_WIDTH, Dataset, Difference, Edition, Error, MAX_DATASETS, SYMBOLS, compare,
    general,
};

/// Options of a report.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Confidence that a difference must reach.
    pub confidence: Confidence,
    /// True to draw the plot.
    pub plot: bool,
    /// True for only the statistics of each data set: no plot, no comparison.
    pub vitals_only: bool,
    /// True to leave out the names of the data sets and the heading of the statistics.
    pub quiet: bool,
    /// True for a line for each data set's bar.
    pub separate_bars: bool,
    /// Columns of the plot, without its frame.
    pub width: usize,
    /// Version of ministat to reproduce.
    pub edition: Edition,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            confidence: Confidence::default(),
            plot: true,
            vitals_only: false,
            quiet: false,
            separate_bars: false,
            width: DEFAULT_WIDTH,
            edition: Edition::default(),
        }
    }
}

/// Reports on the data sets; each but the first is compared with the first.
pub fn report(datasets: &[Dataset], options: &Options) -> Result<String, Error> {
    let reference = match datasets {
        [reference, ..] if datasets.len() <= MAX_DATASETS => reference,
        _ => return Err(Error::DatasetCount(datasets.len())),
    };
    let mut out = String::new();
    if !options.quiet {
        for (dataset, symbol) in datasets.iter().zip(&SYMBOLS[1..]) {
            push_line(&mut out, format_args!("{symbol} {}", dataset.name()));
        }
    }
    if options.plot && !options.vitals_only {
        let Options {
            width,
            separate_bars,
            edition,
            ..
        } = *options;
        plot::draw(&mut out, datasets, width, separate_bars, edition)?;
    }
    if !options.quiet {
        let heading = "    N           Min           Max        Median           Avg        Stddev";
        push_line(&mut out, format_args!("{heading}"));
    }
    for (index, (dataset, &symbol)) in datasets.iter().zip(&SYMBOLS[1..]).enumerate() {
        push_vitals(&mut out, dataset, symbol, options.edition);
        if index > 0 && !options.vitals_only {
            let difference = compare(dataset, reference, options.confidence, options.edition);
            push_difference(&mut out, &difference, options.confidence);
        }
    }
    Ok(out)
}

fn push_line(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}

fn push_vitals(out: &mut String, dataset: &Dataset, symbol: char, edition: Edition) {
    let mut line = format!("{symbol} {:3}", dataset.n());
    for value in [
        dataset.min(),
        dataset.max(),
        dataset.median(edition),
        dataset.mean(),
        dataset.stddev(edition),
    ] {
        let _ = write!(line, " {:>13}", general(value, 8));
    }
    push_line(out, format_args!("{line}"));
}

fn push_difference(out: &mut String, difference: &Difference, confidence: Confidence) {
    let percent = confidence.percent();
    if !difference.proven {
        push_line(
            out,
            format_args!("No difference proven at {percent:.1}% confidence"),
        );
        return;
    }
    let [absolute, absolute_error, relative, relative_error, pooled] = [
        difference.absolute,
        difference.absolute_error,
        difference.percent,
        difference.percent_error,
        difference.pooled_stddev,
    ]
    .map(|value| general(value, 6));
    push_line(
        out,
        format_args!(
            "Difference at {percent:.1}% confidence\n\
             \t{absolute} +/- {absolute_error}\n\
             \t{relative}% +/- {relative_error}%\n\
             \t(Student's t, pooled s = {pooled})"
        ),
    );
}
