//! `epoch-bench sweep`

use std::io::{self, Write};

use anyhow::{Context, Result};

use super::bench::Bench;
use super::module::Module;
use super::setup::{command_line, open_destination};
use crate::cli::SweepArgs;
use crate::compare::{self, CAVEAT, Plan};
use crate::destination::Destination;
use crate::environment::Environment;
use crate::error::usage;
use crate::json::{self, TrackerReport};
use crate::picture;
use crate::progress::{self, Part, Progress};
use crate::signals::SignalWatch;
use crate::sweep::{Point, SweepReport, default_tasks};
use crate::topology;

pub fn execute(args: &SweepArgs) -> Result<()> {
    let measure = &args.measure;
    measure.check()?;
    let tasks = tasks(args)?;
    let outputs = Outputs::open(args)?;
    let module = Module::open()?;
    let environment = Environment::detect();

    // Outlives everything that must be put back.
    let signals = SignalWatch::new()?;
    let bench = Bench {
        measure,
        module: Some(&module),
        signals: &signals,
    };
    let plan = Plan {
        trackers: bench.trackers(&args.trackers)?,
        testcase: measure.testcase.description(measure.pages),
        warmup: args.warmup as usize,
        samples: args.samples as usize,
        interval: measure.interval(),
        confidence: args.confidence,
    };
    let mut report = SweepReport {
        schema: SweepReport::SCHEMA.into(),
        command_line: command_line(),
        environment,
        confidence_percent: plan.confidence.percent(),
        hook: bench.target()?,
        points: Vec::new(),
    };
    let samples = tasks.len() * plan.trackers.len() * (plan.warmup + plan.samples);
    let mut progress = progress::on_stderr(samples);
    let parts = tasks.len();
    let points = tasks.into_iter().enumerate().map(|(index, tasks)| {
        let mut part = Part::new(&mut *progress, index, parts);
        measure_point(&bench, &plan, tasks, &mut part)
    });
    let points = points.collect::<Result<_>>();
    progress.finish();
    report.points = points?;
    print(&mut io::stdout(), &plan, &report)?;
    outputs
        .deliver(&report)
        .context("the sweep is complete, but")
}

fn measure_point(
    bench: &Bench<'_>,
    plan: &Plan,
    tasks: usize,
    progress: &mut dyn Progress,
) -> Result<Point> {
    let workload = bench.measure.workload(tasks)?;
    let (outcomes, ()) = bench.compare(&workload, plan, progress, |_| Ok(()))?;
    let (_, comparisons) = compare::judge(plan, &outcomes)?;
    Ok(Point {
        workload,
        trackers: TrackerReport::of(plan, outcomes)?,
        comparisons,
    })
}

/// Ascending, each once.
fn tasks(args: &SweepArgs) -> Result<Vec<usize>> {
    if args.tasks.is_empty() {
        return Ok(default_tasks(topology::allowed_cpus()?.len()));
    }
    let mut tasks: Vec<_> = args.tasks.iter().map(|&tasks| tasks as usize).collect();
    tasks.sort_unstable();
    tasks.dedup();
    Ok(tasks)
}

fn print(out: &mut dyn Write, plan: &Plan, report: &SweepReport) -> Result<()> {
    report.environment.write(out)?;
    writeln!(out, "\ntestcase:{}", plan.testcase)?;
    writeln!(out, "loops a second, all tasks together\n")?;
    writeln!(out, "{}\n", report.table()?)?;
    for peak in report.peaks()? {
        writeln!(out, "{peak}")?;
    }
    if let Some(target) = &report.hook {
        writeln!(out, "{target}")?;
    }
    writeln!(out, "{CAVEAT}")?;
    out.flush()?;
    Ok(())
}

/// The files that are to be written.
struct Outputs {
    json: Option<Destination>,
    csv: Option<Destination>,
    svg: Option<Destination>,
}

impl Outputs {
    fn open(args: &SweepArgs) -> Result<Self> {
        let named = [
            ("--json", args.measure.json.as_deref()),
            ("--csv", args.csv.as_deref()),
            ("--svg", args.svg.as_deref()),
        ];
        for (index, (option, path)) in named.iter().enumerate() {
            let same = named[..index].iter().find(|(_, other)| other == path);
            if let (Some((other, _)), true) = (same, path.is_some()) {
                return Err(usage(format!(
                    "{other} and {option} name the same file: give each its own"
                )));
            }
        }
        let [json, csv, svg] = named.map(|(option, path)| open_destination(option, path));
        Ok(Self {
            json: json?,
            csv: csv?,
            svg: svg?,
        })
    }

    /// Saves the report; no file is given up because another cannot be written.
    fn deliver(self, report: &SweepReport) -> Result<()> {
        let write = |destination: Option<Destination>, content: Content<'_>| {
            destination.map_or(Ok(()), |destination| destination.write(content))
        };
        let saved = write(self.json, &|out| json::write(out, report));
        let listed = write(self.csv, &|out| report.write_csv(out));
        let drawn = write(self.svg, &|out| {
            Ok(out.write_all(picture::curves(report)?.as_bytes())?)
        });
        saved.and(listed).and(drawn)
    }
}

type Content<'a> = &'a dyn Fn(&mut dyn Write) -> Result<()>;
