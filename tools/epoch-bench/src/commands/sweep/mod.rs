// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench sweep`

mod outputs;
mod resume;
mod settings;

use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use epoch_measure::compare::{Plan, reports};
use epoch_measure::progress::{self, Progress};
use epoch_measure::signals::SignalWatch;
use epoch_results::judge;
use epoch_results::record::{Point, Settings, SweepReport, Where};
use host::environment::Environment;

use self::outputs::Outputs;
use super::bench::{Bench, Measured};
use super::module::{Module, selected_tracker};
use super::setup::{command_line, warn};
use crate::cli::{SweepArgs, options};
use crate::show::{self, activity, comparison::CAVEAT};

pub fn execute(args: &SweepArgs) -> Result<()> {
    let (begun, settings) = match &args.resume {
        Some(path) => {
            let (report, settings) = resume::resume(path, args)?;
            (Some(report), settings)
        }
        None => (None, settings::of(args)?),
    };
    options::check(&settings.measure)?;
    args.measure
        .check_mechanism(settings.measure.r#where == Where::User)?;
    let outputs = Outputs::open(args)?;
    let mut report = match begun {
        Some(report) if report.missing().is_empty() => report,
        begun => measure(args, settings, begun, &outputs)?,
    };
    report.fit()?;
    print(&mut io::stdout(), &report)?;
    outputs
        .deliver(&report)
        .context("the sweep is complete, but")
}

/// Measures a new sweep, or resumes one.
fn measure(
    args: &SweepArgs,
    settings: Settings,
    begun: Option<SweepReport>,
    outputs: &Outputs,
) -> Result<SweepReport> {
    let module = Module::open()?;
    let environment = Environment::detect(selected_tracker());

    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let mut bench = Bench {
        options: &settings.measure,
        module: Some(&module),
        signals: &signals,
        mechanism: None,
    };
    let mechanism = match &begun {
        // The mechanism of the first part, whatever hook/mechanism says now.
        Some(report) => resume::mechanism(report),
        None => args.measure.mechanism,
    };
    let trackers = bench.trackers(&settings.trackers, mechanism)?;
    let mut report = match begun {
        Some(mut report) => {
            report.check_place(&environment, &trackers)?;
            check_bench(&report, &bench)?;
            report.resumed.extend(environment.date);
            // The model would be of the points from before only.
            report.usl.clear();
            report
        }
        None => SweepReport {
            schema: SweepReport::SCHEMA.into(),
            command_line: command_line(),
            environment,
            settings: Some(settings.clone()),
            resumed: Vec::new(),
            confidence_percent: args.confidence.percent(),
            hook: bench.target()?,
            points: Vec::new(),
            usl: Vec::new(),
        },
    };
    let plan = Plan {
        trackers,
        testcase: settings
            .measure
            .testcase
            .description(settings.measure.pages),
        warmup: settings.warmup as usize,
        samples: settings.samples as usize,
        until_percent: None,
        interval: settings.measure.interval(),
        confidence: report.confidence()?,
    };
    let samples = report.missing().len() * plan.trackers.len() * (plan.warmup + plan.samples);
    let mut progress = progress::on_stderr(samples);
    let measured = resume::go_on(
        &mut report,
        &mut *progress,
        |tasks, part| measure_point(&bench, &plan, tasks, part),
        |report| {
            if let Err(error) = outputs.keep(report) {
                warn(&format!("{error:#}"));
            }
        },
    );
    progress.finish();
    measured.map_err(|error| outputs.explain(error, &report))?;
    Ok(report)
}

/// Refuses to resume with another hook, or on other CPUs.
fn check_bench(report: &SweepReport, bench: &Bench<'_>) -> Result<()> {
    ensure!(
        report.hook == bench.target()?,
        "the hook is not where it was when the sweep began: put its symbol back in sysfs, or start \
         again with --json"
    );
    for Point { workload, .. } in &report.points {
        ensure!(
            bench.options.workload(workload.tasks)?.cpus == workload.cpus,
            "the CPUs that may be used are not those of when the sweep began: see 'taskset -p $$', \
             or start again with --json"
        );
    }
    Ok(())
}

fn measure_point(
    bench: &Bench<'_>,
    plan: &Plan,
    tasks: usize,
    progress: &mut dyn Progress,
) -> Result<Point> {
    let workload = bench.options.workload(tasks)?;
    let (Measured { first, .. }, ()) = bench.compare(&workload, plan, 0, progress, |_| Ok(()))?;
    let trackers = reports(plan, first)?;
    Ok(Point {
        workload,
        comparisons: judge::compare(&trackers, plan.confidence, plan.stopping())?,
        trackers,
    })
}

fn print(out: &mut dyn Write, report: &SweepReport) -> Result<()> {
    report.environment.write(out)?;
    if let Some(Point { workload, .. }) = report.points.first() {
        let testcase = workload.testcase.description(workload.pages);
        writeln!(out, "\ntestcase:{testcase}")?;
    }
    let samples = match report.samples() {
        Some(samples) => format!(", N={samples} samples each"),
        None => String::new(),
    };
    writeln!(out, "loops a second, all tasks together{samples}\n")?;
    writeln!(out, "{}\n", show::sweep::table(report)?.text())?;
    if let Some(text) = activity::text(&activity::sweep_rows(report)) {
        writeln!(out, "{text}\n")?;
    }
    for peak in show::sweep::peaks(report)? {
        writeln!(out, "{peak}")?;
    }
    for line in show::sweep::models(report) {
        writeln!(out, "{line}")?;
    }
    if let Some(target) = &report.hook {
        writeln!(out, "{target}")?;
    }
    writeln!(out, "{CAVEAT}")?;
    out.flush()?;
    Ok(())
}
