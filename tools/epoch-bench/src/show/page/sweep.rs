// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sweeps on the page.

use anyhow::Result;
use epoch_device::observe::Observed;
use epoch_results::judge::{Curve, MIN_POINTS};
use epoch_results::record::SweepReport;
use ministat::Confidence;

use super::part::Part;
use super::{compare, samples};
use crate::show::activity;
use crate::show::html::{Block, Outcome, Picture, Section, Standing, Verdict};
use crate::show::svg::words::title;
use crate::show::sweep as words;
use crate::show::table::{Align, Table};

/// Returns the part of the page for a sweep; `name` is the name of its file.
pub fn part(report: &SweepReport, name: &str) -> Result<Part> {
    let confidence = report.confidence()?;
    let observed = observed(report);
    let mut blocks = curve_blocks(report, confidence)?;
    blocks.extend(samples::observed(&observed).map(|table| Block::Folded {
        title: "Tracker counters".into(),
        blocks: vec![table],
    }));
    let activity = samples::activity(&activity::sweep_rows(report));
    if !activity.is_empty() {
        blocks.push(Block::Folded {
            title: "Activity of the whole machine per iteration".into(),
            blocks: activity,
        });
    }
    let mut warnings = samples::warnings(&observed);
    warnings.extend(missing(report, name));
    let doubts = doubts(report);
    if !doubts.is_empty() {
        let title = format!("Warnings about single points ({})", doubts.len());
        warnings.push(format!(
            "There are {} warnings about single points of the sweep; they are listed there.",
            doubts.len()
        ));
        blocks.push(Block::Folded {
            title,
            blocks: vec![Block::List(doubts)],
        });
    }
    blocks.push(raw(report)?);
    Ok(Part {
        outcomes: outcome(report, confidence)?.into_iter().collect(),
        warnings,
        sections: vec![Section {
            title: "Scalability".into(),
            blocks,
        }],
    })
}

fn outcome(report: &SweepReport, confidence: Confidence) -> Result<Option<Outcome>> {
    let (Some(first), Some(last)) = (report.points.first(), report.points.last()) else {
        return Ok(None);
    };
    let n = n_each(report);
    let verdict = |curve: &Curve<'_>| -> Result<Verdict> {
        let details = words::peak_details(curve, confidence)?;
        Ok(Verdict {
            headline: words::peak_headline(curve),
            detail: format!("{details} ({confidence} confidence{n})"),
            standing: Standing::Measured,
        })
    };
    let verdicts: Result<_> = report.curves().iter().map(verdict).collect();
    Ok(Some(Outcome {
        about: title(&first.workload, first.workload.tasks..=last.workload.tasks),
        verdicts: verdicts?,
    }))
}

/// Returns in words how many samples each tracker has with each number of tasks.
fn n_each(report: &SweepReport) -> String {
    let n = report.samples();
    n.map_or(String::new(), |n| format!(", N={n} each"))
}

fn curve_blocks(report: &SweepReport, confidence: Confidence) -> Result<Vec<Block>> {
    let svg = crate::show::svg::curves(report)?;
    let n = n_each(report);
    let mut blocks = vec![
        Block::Picture(Picture::new("The curve of each tracker", &svg)?),
        samples::table(
            format!(
                "Loops a second of all tasks together{n}; intervals at {confidence} \
                 confidence, by Student's t"
            ),
            words::table(report)?,
        ),
    ];
    blocks.extend(
        samples::hook(report.hook.as_ref(), None)
            .into_iter()
            .take(1),
    );
    blocks.push(model(report));
    Ok(blocks)
}

/// Returns the parameters of the Universal Scalability Law, or why there are none.
fn model(report: &SweepReport) -> Block {
    let most = report.points.last().map_or(0, |point| point.workload.tasks);
    let mut blocks = Vec::new();
    if !report.usl.is_empty() {
        let models = &report.usl;
        let mut table = Table::default();
        table.push("tracker", Align::Left, models, |of| of.tracker.clone());
        table.push("lambda (one task)", Align::Left, models, |of| {
            let [value, low, high] = [of.lambda.value, of.lambda.low, of.lambda.high];
            format!("{value:.0} ({low:.0} to {high:.0})")
        });
        table.push("sigma (contention)", Align::Left, models, |of| {
            words::estimate(of.sigma)
        });
        table.push("kappa (coherency)", Align::Left, models, |of| {
            words::estimate(of.kappa)
        });
        table.push("peak (tasks)", Align::Left, models, |of| {
            words::peak_alone(of.peak, most)
        });
        table.push("R^2", Align::Right, models, |of| {
            format!("{:.3}", of.r_squared)
        });
        table.push("fit", Align::Left, models, |of| {
            let percent = 100.0 * of.deviation;
            let fit = if of.is_bad() { "BAD" } else { "good" };
            format!("{fit}: up to {percent:.0}% off")
        });
        blocks.push(samples::table(
            format!(
                "Parameters, with {}% intervals; the fit is in percent of the highest mean: do not \
                 rely on a bad one",
                report.confidence_percent
            ),
            table,
        ));
    }
    if report.points.len() >= MIN_POINTS {
        blocks.extend(words::unfitted(report).map(Block::Text));
    }
    // The law itself, or a line that says that there are too few points for it.
    blocks.extend(words::models(report).pop().map(Block::Text));
    Block::Model {
        title: "A model, not a measurement: the Universal Scalability Law".into(),
        blocks,
    }
}

/// Returns the warnings about single points.
fn doubts(report: &SweepReport) -> Vec<String> {
    let mut all = Vec::new();
    for point in &report.points {
        let doubts = compare::doubts(&point.trackers, &point.comparisons);
        all.extend(doubts.map(|doubt| format!("{} tasks: {doubt}", point.workload.tasks)));
    }
    all
}

fn raw(report: &SweepReport) -> Result<Block> {
    let mut blocks = Vec::new();
    for point in &report.points {
        for tracker in &point.trackers {
            blocks.push(samples::raw(
                format!("{}, {} tasks", tracker.tracker, point.workload.tasks),
                &point.workload,
                &tracker.warmup,
                &tracker.samples,
            )?);
        }
    }
    Ok(Block::Folded {
        title: "All samples, as will-it-scale prints them".into(),
        blocks,
    })
}

fn observed(report: &SweepReport) -> Vec<(String, Observed)> {
    let mut rows = Vec::new();
    for point in &report.points {
        for tracker in &point.trackers {
            let name = format!("{}, {} tasks", tracker.tracker, point.workload.tasks);
            rows.extend(tracker.observed.clone().map(|observed| (name, observed)));
        }
    }
    rows
}

/// Returns a warning about the points that an interrupted sweep lacks.
fn missing(report: &SweepReport, name: &str) -> Option<String> {
    let missing = report.missing();
    let tasks: Vec<_> = missing.iter().map(usize::to_string).collect();
    (!tasks.is_empty()).then(|| {
        format!(
            "The sweep was interrupted, and lacks the points of {} tasks: 'epoch-bench sweep \
             --resume {name}' resumes it.",
            tasks.join(", ")
        )
    })
}
