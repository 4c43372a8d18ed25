//! A profile on the page: flame graphs, and the functions that take the time.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result, ensure};
use epoch_figures::words::title;
use epoch_machine::environment::Environment;
use epoch_report::{Block, FlameGraph, Section};
use epoch_results::json;
use epoch_results::table::{Align, Table};
use epoch_results::workload::Workload;
use serde::Deserialize;

use super::part::Part;
use super::samples;

const HOW_TO: &str =
    "Click a frame to zoom in; 'Search', or Ctrl-F after a click, finds functions.";

/// What is shown of a profile, and its flame graphs.
#[derive(Deserialize)]
pub struct Profile {
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Where it ran.
    pub environment: Environment,
    workload: Workload,
    event: Event,
    /// One or two.
    pub trackers: Vec<Run>,
    difference: Option<Difference>,
    /// In the order of the page.
    #[serde(skip)]
    graphs: Vec<FlameGraph>,
}

#[derive(Deserialize)]
struct Event {
    meaning: String,
    used: Source,
    frequency_hz: u32,
}

#[derive(Deserialize)]
struct Source {
    event: String,
    instead_of: Option<String>,
}

/// One tracker's part.
#[derive(Deserialize)]
pub struct Run {
    /// Its name.
    pub name: String,
    seconds: f64,
    rate: u64,
    samples: u64,
    idle: u64,
    lost: u64,
    top: Vec<Function>,
    svg: String,
}

#[derive(Deserialize)]
struct Difference {
    top: Vec<Change>,
    svg: String,
    reverse_svg: String,
}

#[derive(Deserialize)]
struct Function {
    function: String,
    #[serde(flatten)]
    share: Share,
}

#[derive(Deserialize)]
struct Change {
    function: String,
    before: Share,
    after: Share,
}

#[derive(Deserialize)]
struct Share {
    samples: u64,
    share: f64,
    low: f64,
    high: f64,
}

impl Profile {
    /// The form of these files.
    pub const SCHEMA: &'static str = "epoch-bench/profile/1";

    /// Reads what `profile` wrote to this folder.
    pub fn read(json: &[u8], folder: &Path) -> Result<Self> {
        json::expect_schema(json, Self::SCHEMA)?;
        let mut profile: Self = serde_json::from_slice(json)?;
        ensure!(
            matches!(
                (profile.trackers.len(), &profile.difference),
                (1, None) | (2, Some(_))
            ),
            "it has {} trackers",
            profile.trackers.len()
        );
        let graphs = profile.captions().into_iter().map(|(title, caption, svg)| {
            read_graph(folder, title, caption, svg).with_context(|| {
                format!("its {svg} cannot be shown: keep the files of a profile together")
            })
        });
        profile.graphs = graphs.collect::<Result<_>>()?;
        Ok(profile)
    }

    /// Title, caption and file of each flame graph.
    fn captions(&self) -> Vec<(String, String, &str)> {
        let runs = self.trackers.iter();
        let mut captions: Vec<_> = runs
            .map(|run| (run.name.clone(), run.caption(), &run.svg[..]))
            .collect();
        if let (Some(difference), [before, after]) = (&self.difference, &self.trackers[..]) {
            captions.push(Self::difference(after, before, &difference.svg));
            captions.push(Self::difference(before, after, &difference.reverse_svg));
        }
        captions
    }

    fn difference<'a>(of: &Run, from: &Run, svg: &'a str) -> (String, String, &'a str) {
        let title = format!("{}, and how it differs from {}", of.name, from.name);
        let caption = format!(
            "As wide as with {}; red where it spends a larger part of its time in the function \
             itself than {}, blue where it spends a smaller one. {} and {} samples. {HOW_TO}",
            of.name, from.name, of.samples, from.samples
        );
        (title, caption, svg)
    }
}

impl Run {
    fn caption(&self) -> String {
        let Self {
            seconds,
            rate,
            samples,
            idle,
            lost,
            ..
        } = self;
        format!(
            "{samples} samples in {seconds} s, {rate} loops a second; {idle} more of idle CPUs, \
             {lost} lost. {HOW_TO}"
        )
    }
}

fn read_graph(folder: &Path, title: String, caption: String, svg: &str) -> Result<FlameGraph> {
    let path = Path::new(svg);
    let below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    ensure!(below, "it is somewhere else");
    FlameGraph::new(title, caption, svg, &fs::read_to_string(folder.join(path))?)
}

/// What a profile adds.
pub fn part(profile: &Profile) -> Part {
    let tasks = profile.workload.tasks;
    let Event {
        meaning,
        used,
        frequency_hz,
    } = &profile.event;
    let mut blocks = vec![
        Block::Text(format!("{}.", title(&profile.workload, tasks..=tasks))),
        Block::Text(format!(
            "Stacks of the kernel, {frequency_hz} samples of {} a second on each CPU; asked for \
             was {meaning}.",
            used.event
        )),
        functions(profile),
    ];
    blocks.extend(profile.graphs.iter().cloned().map(Block::FlameGraph));
    let stand_in = used.instead_of.as_ref().map(|asked| {
        format!(
            "The profile is of the timer {}, as there is no PMU for {asked}: time with interrupts \
             off counts as time of whoever turns them on again.",
            used.event
        )
    });
    Part {
        warnings: stand_in.into_iter().collect(),
        sections: vec![Section {
            title: "Where the time goes".into(),
            blocks,
        }],
        ..Part::default()
    }
}

/// The functions with the largest shares, or those that differ most.
fn functions(profile: &Profile) -> Block {
    let mut table = Table::default();
    let caption = match (&profile.difference, &profile.trackers[..]) {
        (Some(Difference { top, .. }), [before, after]) => {
            table.push("function", Align::Left, top, |of| of.function.clone());
            push_share(&mut table, &before.name, top, |of| &of.before);
            push_share(&mut table, &after.name, top, |of| &of.after);
            table.push("change", Align::Right, top, |of| {
                format!("{:+.1}", 100.0 * (of.after.share - of.before.share))
            });
            "Functions whose share of the samples differs most"
        }
        (_, runs) => {
            let top: Vec<_> = runs.iter().flat_map(|run| &run.top).collect();
            table.push("function", Align::Left, &top, |of| of.function.clone());
            push_share(&mut table, "share", &top, |of| &of.share);
            "Functions with the largest share of the samples"
        }
    };
    samples::table(
        format!("{caption}, without what they call; with 95% intervals"),
        table,
    )
}

fn push_share<T>(table: &mut Table, name: &str, rows: &[T], share: impl Fn(&T) -> &Share) {
    let percent = |part: f64| 100.0 * part;
    table.push(name, Align::Right, rows, |row| {
        format!("{:.1}%", percent(share(row).share))
    });
    table.push("95%", Align::Right, rows, |row| {
        let share = share(row);
        format!("{:.1}-{:.1}", percent(share.low), percent(share.high))
    });
    table.push("samples", Align::Right, rows, |row| {
        share(row).samples.to_string()
    });
}
