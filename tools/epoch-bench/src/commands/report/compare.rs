//! A comparison on the page.

use anyhow::Result;
use epoch_device::observe::Observed;
use epoch_figures::words::title;
use epoch_report::{Block, Outcome, Picture, Section, Standing, Verdict};
use epoch_results::json::{CompareReport, TrackerReport};
use epoch_results::stats::{self, Statistics};
use epoch_results::table::{Align, Table};
use ministat::{Confidence, Options};

use super::part::Part;
use super::samples;

/// What a comparison adds.
pub fn part(report: &CompareReport) -> Result<Part> {
    let confidence = report.confidence()?;
    let tasks = report.workload.tasks;
    let observed = observed(report);
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
        warnings: samples::warnings(&observed),
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

fn sample_blocks(report: &CompareReport, confidence: Confidence) -> Result<Vec<Block>> {
    let svg = epoch_figures::comparison(report)?;
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
        let words = match comparison {
            None => "baseline",
            Some(of) if of.proven => "proven",
            Some(_) => "not proven",
        };
        words.into()
    });
    table
}

fn ministat_block(report: &CompareReport, confidence: Confidence) -> Result<Block> {
    let trackers = report.trackers.iter();
    let datasets: Result<Vec<_>> = trackers
        .map(|tracker| stats::dataset(&tracker.tracker, &tracker.samples))
        .collect();
    let options = Options {
        confidence,
        ..Options::default()
    };
    Ok(Block::Listing {
        title: "The same samples as FreeBSD's ministat prints them".into(),
        text: ministat::report(&datasets?, &options)?,
    })
}

fn observed(report: &CompareReport) -> Vec<(String, Observed)> {
    let trackers = report.trackers.iter();
    trackers
        .filter_map(|tracker| Some((tracker.tracker.clone(), tracker.observed.clone()?)))
        .collect()
}
