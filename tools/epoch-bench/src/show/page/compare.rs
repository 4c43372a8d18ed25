// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons on the page.

use anyhow::Result;
use epoch_device::observe::Observed;
use epoch_results::judge;
use epoch_results::record::{CompareReport, Comparison, TrackerReport};
use ministat::Confidence;

use super::part::Part;
use super::samples;
use crate::show::activity::ActivityRow;
use crate::show::comparison::{self, Comparisons, ministat};
use crate::show::false_positives;
use crate::show::html::{Block, Outcome, Picture, Section, Standing, Verdict};
use crate::show::svg::words::title;

/// Returns the part of the page for a comparison.
pub fn part(report: &CompareReport) -> Result<Part> {
    let confidence = report.confidence()?;
    let tasks = report.workload.tasks;
    let observed = observed(&report.trackers);
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
    let tests = tests(report, confidence);
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
        warnings: doubts(&report.trackers, &report.comparisons)
            .chain(samples::warnings(&observed))
            .collect(),
        sections,
    })
}

fn verdicts(report: &CompareReport, confidence: Confidence) -> Vec<Verdict> {
    let of = Comparisons::of(report);
    let comparisons = report.comparisons.iter();
    comparisons
        .map(|comparison| Verdict {
            headline: comparison::headline(comparison),
            detail: format!(
                "{} {}",
                comparison::change(comparison),
                comparison::how(comparison, confidence, of)
            ),
            standing: match comparison.is_proven() {
                true => Standing::Proven,
                false => Standing::NotProven,
            },
        })
        .collect()
}

/// Returns the warnings about the verdicts.
pub fn doubts(
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
) -> impl Iterator<Item = String> {
    let trackers = trackers.iter().map(|tracker| {
        let warnings = judge::warnings(&tracker.samples);
        (&tracker.tracker[..], warnings)
    });
    let warnings = comparison::all_warnings(trackers, comparisons);
    let contradictions = comparison::contradictions(comparisons).collect::<Vec<_>>();
    let doubts = contradictions.into_iter().chain(warnings);
    doubts.map(|doubt| format!("{doubt}."))
}

fn tests(report: &CompareReport, confidence: Confidence) -> Vec<Block> {
    let mut blocks = Vec::new();
    let n = report.trackers[0].samples.len();
    if let Some(table) = comparison::tests(&report.comparisons, confidence) {
        let baseline = &report.trackers[0].tracker;
        blocks.push(samples::table(
            format!(
                "Compared with {baseline}, N={n} each; prefer the paired test, which knows which \
                 samples were taken side by side"
            ),
            table,
        ));
    }
    let equivalences: Vec<_> = comparison::equivalences(&report.comparisons, confidence).collect();
    if !equivalences.is_empty() {
        blocks.push(Block::List(equivalences));
    }
    if let Some(rates) = &report.false_positives {
        blocks.push(Block::List(false_positives::sentences(rates)));
    }
    blocks
}

fn sample_blocks(report: &CompareReport, confidence: Confidence) -> Result<Vec<Block>> {
    let svg = crate::show::svg::comparison(report)?;
    let mut means = comparison::means(&report.trackers, &report.comparisons, confidence);
    comparison::push_spread(&mut means, &report.trackers);
    let mut blocks = vec![
        Block::Picture(Picture::new("All samples and their means", &svg)?),
        samples::table(
            format!(
                "Loops a second of all tasks together; intervals at {confidence} confidence, by \
                 Student's t"
            ),
            means,
        ),
    ];
    let rows: Vec<_> = report.trackers.iter().map(ActivityRow::of).collect();
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
