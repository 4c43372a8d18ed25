// SPDX-License-Identifier: MIT OR Apache-2.0

//! Profiles on the page: flame graphs, and the functions that take the time.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result, ensure};
use epoch_results::record::{EventReport, ProfileReport, TrackerProfile};

use super::part::Part;
use super::samples;
use crate::show;
use crate::show::html::{Block, FlameGraph, Section};
use crate::show::svg::words::title;
use crate::show::table::Table;

const HOW_TO: &str =
    "Click a frame to zoom in; 'Search', or Ctrl-F after a click, finds functions.";

/// A profile, and its flame graphs.
pub struct Profile {
    /// Content of the profile's file.
    pub report: ProfileReport,
    /// Flame graphs, in the order of the page.
    graphs: Vec<FlameGraph>,
}

impl Profile {
    /// Reads the files that `profile` wrote to this directory.
    pub fn read(json: &[u8], folder: &Path) -> Result<Self> {
        let report = ProfileReport::read(json)?;
        let graphs = captions(&report).into_iter().map(|(title, caption, svg)| {
            read_graph(folder, title, caption, svg).with_context(|| {
                format!("its {svg} cannot be shown: keep the files of a profile together")
            })
        });
        Ok(Self {
            graphs: graphs.collect::<Result<_>>()?,
            report,
        })
    }
}

/// Returns title, caption and file of each flame graph.
fn captions(report: &ProfileReport) -> Vec<(String, String, &str)> {
    let runs = report.trackers.iter();
    let mut captions: Vec<_> = runs
        .map(|run| {
            let caption = format!("{}. {HOW_TO}", show::profile::summary(run));
            (run.name.clone(), caption, &run.svg[..])
        })
        .collect();
    if let (Some(files), [before, after]) = (&report.difference, &report.trackers[..]) {
        captions.push(difference(after, before, &files.svg));
        captions.push(difference(before, after, &files.reverse_svg));
    }
    captions
}

fn difference<'a>(
    of: &TrackerProfile,
    from: &TrackerProfile,
    svg: &'a str,
) -> (String, String, &'a str) {
    let title = format!("{}, and how it differs from {}", of.name, from.name);
    let caption = format!(
        "As wide as with {}; red where it spends a larger part of its time in the function itself \
         than {}, blue where it spends a smaller one; of {} and {} samples. {HOW_TO}",
        of.name, from.name, of.samples, from.samples
    );
    (title, caption, svg)
}

fn read_graph(folder: &Path, title: String, caption: String, svg: &str) -> Result<FlameGraph> {
    let path = Path::new(svg);
    let below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    ensure!(below, "it is somewhere else");
    FlameGraph::new(title, caption, svg, &fs::read_to_string(folder.join(path))?)
}

/// Returns the part of the page for a profile.
pub fn part(profile: &Profile) -> Part {
    let Profile { report, graphs } = profile;
    let tasks = report.workload.tasks;
    let EventReport {
        meaning,
        used,
        frequency_hz,
        ..
    } = &report.event;
    let mut blocks = vec![
        Block::Text(format!("{}.", title(&report.workload, tasks..=tasks))),
        Block::Text(format!(
            "Stacks of the kernel, {frequency_hz} samples of {used} a second on each CPU. Asked for \
             was {meaning}."
        )),
    ];
    blocks.extend(
        samples::hook(report.hook.as_ref(), None)
            .into_iter()
            .take(1),
    );
    blocks.extend(graphs.iter().cloned().map(Block::FlameGraph));
    blocks.push(functions(report));
    let stand_in = used.instead_of.as_ref().map(|asked| {
        format!(
            "The profile is of the timer {}, as there is no PMU for {asked}: time with interrupts \
             off counts as time of the code that turns them on again.",
            used.event
        )
    });
    Part {
        warnings: stand_in.into_iter().chain(lost(report)).collect(),
        sections: vec![Section {
            title: "Profile".into(),
            blocks,
        }],
        ..Part::default()
    }
}

fn lost(report: &ProfileReport) -> Vec<String> {
    let runs = report.trackers.iter();
    runs.filter(|run| run.lost_many())
        .map(|run| {
            format!(
                "Profile of {}: {} samples were lost, and {} recorded.",
                run.name, run.lost, run.samples
            )
        })
        .collect()
}

/// Returns a table of the functions with the largest shares, or of those that differ most.
fn functions(report: &ProfileReport) -> Block {
    let caption = match report.difference {
        Some(_) => "Functions whose share of the samples differs most",
        None => "Functions with the largest share of the samples",
    };
    let mut table = Table::default();
    show::profile::push_functions(report, &mut table);
    show::profile::push_shares(report, &mut table);
    samples::table(
        format!("{caption}, without what they call; with 95% intervals"),
        table,
    )
}
