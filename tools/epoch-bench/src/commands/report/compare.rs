// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons on the page.

use anyhow::Result;
use epoch_device::observe::Observed;
use epoch_results::compare::ministat;
use epoch_results::evidence::{self, Evidence};
use epoch_results::json::{CompareReport, TrackerReport};
use epoch_results::stats::{self, Comparison, Statistics};
use epoch_results::table::{Align, Table};
use ministat::Confidence;

use super::part::Part;
use super::samples;
use crate::show::html::{Block, Outcome, Picture, Section, Standing, Verdict};
use crate::show::svg::words::title;

/// Returns the part of the page for a comparison.
pub fn part(report: &CompareReport) -> Result<Part> {
    let confidence = report.confidence()?;
    let tasks = report.workload.tasks;
    let observed = observed(&report.trackers);
    let comparisons = judged(&report.trackers, &report.comparisons, confidence);
    let mut sections = vec![
        Section {
            title: "Samples".into(),
            blocks: sample_blocks(report, confidence)?,
        },
        Section {
            title: "ministat".into(),
            blocks: vec![ministat_block(report, confidence)?],
        },
    ];
    let tests = tests(report, &comparisons, confidence);
    if !tests.is_empty() {
        sections.push(Section {
            title: "Other tests".into(),
            blocks: tests,
        });
    }
    if let Some(table) = samples::observed(&observed) {
        sections.push(Section {
            title: "Tracker counters".into(),
            blocks: vec![table],
        });
    }
    Ok(Part {
        outcomes: vec![Outcome {
            about: title(&report.workload, tasks..=tasks),
            verdicts: verdicts(report, confidence),
        }],
        warnings: doubts(&report.trackers, &comparisons)
            .chain(samples::warnings(&observed))
            .collect(),
        sections,
    })
}

fn verdicts(report: &CompareReport, confidence: Confidence) -> Vec<Verdict> {
    let n = report.trackers[0].samples.len();
    let comparisons = report.comparisons.iter();
    comparisons
        .map(|comparison| Verdict {
            headline: comparison.headline(),
            detail: format!("{} {}", comparison.change(), stats::how(confidence, n)),
            standing: match comparison.proven {
                true => Standing::Proven,
                false => Standing::NotProven,
            },
        })
        .collect()
}

/// Returns the comparisons with the results of the other tests, also for files that are older than
/// these tests.
pub fn judged(
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
    confidence: Confidence,
) -> Vec<Comparison> {
    let Some((baseline, others)) = trackers.split_first() else {
        return Vec::new();
    };
    let evidence = |comparison: &Comparison, tracker: &TrackerReport| {
        let saved = comparison.evidence.clone();
        saved.or_else(|| Evidence::of(&baseline.samples, &tracker.samples, confidence))
    };
    let comparisons = comparisons.iter().zip(others);
    comparisons
        .map(|(comparison, tracker)| Comparison {
            evidence: evidence(comparison, tracker),
            ..comparison.clone()
        })
        .collect()
}

/// Returns the warnings about the verdicts.
pub fn doubts(
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
) -> impl Iterator<Item = String> {
    let trackers = trackers.iter().map(|tracker| {
        let warnings = evidence::warnings(&tracker.samples);
        (&tracker.tracker[..], warnings)
    });
    let warnings = evidence::all_warnings(trackers, comparisons);
    let contradictions = evidence::contradictions(comparisons).collect::<Vec<_>>();
    let doubts = contradictions.into_iter().chain(warnings);
    doubts.map(|doubt| format!("{doubt}."))
}

fn tests(report: &CompareReport, comparisons: &[Comparison], confidence: Confidence) -> Vec<Block> {
    let mut blocks = Vec::new();
    let n = report.trackers[0].samples.len();
    if let Some(table) = evidence::table(comparisons, confidence) {
        let baseline = &report.trackers[0].tracker;
        blocks.push(samples::table(
            format!(
                "Compared with {baseline}, N={n} each; prefer the paired test, which knows which \
                 samples were taken side by side"
            ),
            table,
        ));
    }
    if let Some(rates) = &report.false_positives {
        blocks.push(Block::List(
            rates.to_string().lines().map(String::from).collect(),
        ));
    }
    blocks
}

fn sample_blocks(report: &CompareReport, confidence: Confidence) -> Result<Vec<Block>> {
    let svg = crate::show::svg::comparison(report)?;
    let mut blocks = vec![
        Block::Picture(Picture::new("All samples and their means", &svg)?),
        samples::table(
            format!(
                "Loops a second of all tasks together; intervals at {confidence} confidence, by \
                 Student's t"
            ),
            statistics(report, confidence),
        ),
    ];
    let rows: Vec<_> = report
        .trackers
        .iter()
        .map(TrackerReport::activity_row)
        .collect();
    blocks.extend(samples::activity(&rows));
    blocks.extend(samples::hook(
        report.hook.as_ref(),
        report.hook_cost.as_ref(),
    ));
    for tracker in &report.trackers {
        blocks.push(samples::raw(
            format!(
                "The {} samples of {}, as will-it-scale prints them",
                tracker.samples.len(),
                tracker.tracker
            ),
            &report.workload,
            &tracker.warmup,
            &tracker.samples,
        )?);
    }
    Ok(blocks)
}

fn statistics(report: &CompareReport, confidence: Confidence) -> Table {
    let trackers = report.trackers.iter();
    let rows: Vec<(&TrackerReport, Statistics)> = trackers
        .map(|tracker| (tracker, Statistics::of(&tracker.samples)))
        .collect();
    let mut table = Table::default();
    table.push("tracker", Align::Left, &rows, |(tracker, _)| {
        tracker.tracker.clone()
    });
    table.push("N", Align::Right, &rows, |(_, of)| of.n.to_string());
    table.push("average", Align::Right, &rows, |(_, of)| {
        format!("{:.0}", of.mean)
    });
    table.push("interval", Align::Right, &rows, |(_, of)| {
        format!("+/- {:.0}", of.mean_error(confidence))
    });
    table.push("stddev", Align::Right, &rows, |(_, of)| {
        format!("{:.0}", of.stddev)
    });
    table.push("min", Align::Right, &rows, |(_, of)| of.min.to_string());
    table.push("median", Align::Right, &rows, |(_, of)| {
        format!("{:.0}", of.median)
    });
    table.push("max", Align::Right, &rows, |(_, of)| of.max.to_string());

    let comparisons = report.comparisons.iter().map(Some);
    let comparisons: Vec<_> = std::iter::once(None).chain(comparisons).collect();
    table.push("ratio", Align::Right, &comparisons, |comparison| {
        format!("{:.2}x", comparison.map_or(1.0, |of| of.ratio))
    });
    table.push("interval", Align::Right, &comparisons, |comparison| {
        comparison.map_or(String::new(), |of| format!("+/- {:.2}", of.ratio_error()))
    });
    table.push("difference", Align::Left, &comparisons, |comparison| {
        comparison
            .map_or("baseline", |of| evidence::proven(of.proven))
            .into()
    });
    table
}

fn ministat_block(report: &CompareReport, confidence: Confidence) -> Result<Block> {
    Ok(Block::Listing {
        title: "The same samples as FreeBSD's ministat prints them".into(),
        text: ministat(&report.trackers, confidence)?,
    })
}

fn observed(trackers: &[TrackerReport]) -> Vec<(String, Observed)> {
    let trackers = trackers.iter();
    trackers
        .filter_map(|tracker| Some((tracker.tracker.clone(), tracker.observed.clone()?)))
        .collect()
}
