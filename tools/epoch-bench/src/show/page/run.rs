// SPDX-License-Identifier: MIT OR Apache-2.0

//! Runs of one tracker on the page.

use anyhow::Result;
use epoch_results::record::{RunReport, Statistics};
use ministat::Confidence;

use super::part::Part;
use super::samples;
use crate::show::activity::ActivityRow;
use crate::show::html::{Block, Outcome, Section, Standing, Verdict};
use crate::show::svg::words::title;

/// Returns the part of the page for a run.
pub fn part(report: &RunReport) -> Result<Part> {
    let tracker = report.tracker.as_deref().unwrap_or("no tracker");
    let observed: Vec<_> = report
        .observed
        .iter()
        .map(|observed| (tracker.to_owned(), observed.clone()))
        .collect();
    let tasks = report.workload.tasks;
    let n = report.samples.len();
    let mut blocks = samples::hook(report.hook.as_ref(), report.hook_cost.as_ref());
    blocks.extend(samples::observed(&observed));
    blocks.extend(samples::activity(&[ActivityRow {
        name: tracker.into(),
        average: report.statistics.mean,
        activity: report.activity.clone(),
    }]));
    blocks.push(raw(report, tracker, n)?);
    Ok(Part {
        outcomes: vec![Outcome {
            about: title(&report.workload, tasks..=tasks),
            verdicts: vec![verdict(report, tracker)],
        }],
        warnings: samples::warnings(&observed),
        sections: vec![Section {
            title: format!("{tracker} alone"),
            blocks,
        }],
    })
}

fn verdict(report: &RunReport, tracker: &str) -> Verdict {
    let statistics = Statistics::of(&report.samples);
    let Statistics { n, mean, .. } = statistics;
    let detail = if n > 1 {
        let confidence = Confidence::default();
        let error = statistics.mean_error(confidence);
        format!(
            "+/- {error:.0} at {confidence} confidence (N={n}); measured alone, and compared with nothing"
        )
    } else {
        "One sample has no spread: take more with --samples".into()
    };
    Verdict {
        headline: format!("{tracker} does {mean:.0} loops a second"),
        detail,
        standing: Standing::Measured,
    }
}

fn raw(report: &RunReport, tracker: &str, n: usize) -> Result<Block> {
    samples::raw(
        format!("The {n} samples of {tracker}, as will-it-scale prints them"),
        &report.workload,
        &report.warmup,
        &report.samples,
    )
}
