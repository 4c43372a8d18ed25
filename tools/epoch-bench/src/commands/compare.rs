//! `epoch-bench compare`

use std::io;
use std::time::Duration;

use anyhow::{Context, Result};

use super::setup::command_line;
use crate::cli::{CompareArgs, Where};
use crate::compare::{self, Plan};
use crate::environment::Environment;
use crate::error::usage;
use crate::json::{CompareReport, TrackerReport};
use crate::pool::Workers;
use crate::progress;
use crate::session;
use crate::signals::SignalWatch;
use crate::stats::Statistics;
use crate::sysfs::{Sysfs, check_available};
use crate::topology;

pub fn execute(args: &CompareArgs) -> Result<()> {
    let measure = &args.measure;
    measure.check()?;
    if measure.r#where == Where::User {
        return Err(usage(
            "trackers can be compared only in the kernel: --where user attaches none",
        ));
    }
    let tasks = match args.tasks {
        Some(tasks) => tasks as usize,
        None => topology::allowed_cpus()?.len(),
    };
    let destination = measure.destination()?;
    let workload = measure.workload(tasks)?;
    let load = measure.load(tasks)?;
    let environment = Environment::detect();

    // Outlives everything that must be put back.
    let signals = SignalWatch::new()?;
    let sysfs = Sysfs::open()?;
    check_available(&sysfs, &args.trackers)?;

    let plan = Plan {
        trackers: args.trackers.clone(),
        testcase: measure.testcase,
        warmup: args.warmup as usize,
        samples: args.samples as usize,
        interval: Duration::from_millis(measure.interval_ms),
        confidence: args.confidence,
    };
    let cpus = workload.cpus.clone();
    let outcomes = session::measure(
        Some(&sysfs),
        None,
        || Workers::spawn(load, tasks, measure.carrier(), cpus, &signals),
        |workers| {
            let samples = plan.trackers.len() * (plan.warmup + plan.samples);
            let mut progress = progress::on_stderr(samples);
            let outcomes = compare::measure(workers, &sysfs, &plan, &mut *progress);
            progress.finish();
            outcomes
        },
    )?;

    compare::print(&mut io::stdout(), &environment, &plan, &outcomes)?;
    let Some(destination) = destination else {
        return Ok(());
    };
    let (_, comparisons) = compare::judge(&plan, &outcomes)?;
    let trackers = plan.trackers.iter().zip(outcomes);
    let report = CompareReport {
        schema: "epoch-bench/compare/1",
        command_line: command_line(),
        environment,
        workload,
        confidence_percent: plan.confidence.percent(),
        trackers: trackers
            .map(|(tracker, outcome)| TrackerReport {
                tracker: tracker.clone(),
                statistics: Statistics::of(&outcome.samples),
                warmup: outcome.warmup,
                samples: outcome.samples,
            })
            .collect(),
        comparisons,
    };
    destination
        .write(&report)
        .context("the comparison is complete, but")
}
