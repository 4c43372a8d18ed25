//! `epoch-bench run`

use std::io;
use std::time::Duration;

use anyhow::{Context, Result};

use super::setup::command_line;
use crate::cli::{RunArgs, Where};
use crate::environment::Environment;
use crate::error::usage;
use crate::json::{self, RunReport};
use crate::pool::Workers;
use crate::run::{self, Plan};
use crate::session;
use crate::signals::SignalWatch;
use crate::stats::Statistics;
use crate::sysfs::{Sysfs, TrackerControl, check_available};

pub fn execute(args: &RunArgs) -> Result<()> {
    let measure = &args.measure;
    measure.check()?;
    if measure.r#where == Where::User && args.tracker.is_some() {
        return Err(usage(
            "--tracker has no effect with --where user, where no tracker is attached: leave out \
             one of them",
        ));
    }
    let tasks = args.tasks as usize;
    let destination = measure.destination()?;
    let workload = measure.workload(tasks)?;
    let load = measure.load(tasks)?;

    // Outlives everything that must be put back.
    let signals = SignalWatch::new()?;
    let sysfs = match measure.r#where {
        Where::Kernel => Some(Sysfs::open()?),
        Where::User => None,
    };
    if let (Some(sysfs), Some(name)) = (&sysfs, &args.tracker) {
        check_available(sysfs, std::slice::from_ref(name))?;
    }
    let control = sysfs.as_ref().map(|sysfs| sysfs as &dyn TrackerControl);
    let plan = Plan {
        testcase: measure.testcase,
        warmup: args.warmup as usize,
        samples: args.samples as usize,
        interval: Duration::from_millis(measure.interval_ms),
        verbose: args.verbose,
    };
    let cpus = workload.cpus.clone();
    let (environment, outcome) = session::measure(
        control,
        args.tracker.as_deref(),
        || Workers::spawn(load, tasks, measure.carrier(), cpus, &signals),
        |workers| {
            let environment = Environment::detect();
            // stdout is for what will-it-scale prints. Nobody has to listen here.
            let _ = environment.write(&mut io::stderr());
            Ok((environment, run::run(workers, &plan, &mut io::stdout())?))
        },
    )?;

    let Some(destination) = destination else {
        return Ok(());
    };
    let report = RunReport {
        schema: "epoch-bench/run/1",
        command_line: command_line(),
        tracker: environment
            .module_tracker
            .clone()
            .filter(|_| measure.r#where == Where::Kernel),
        environment,
        workload,
        statistics: Statistics::of(&outcome.samples),
        warmup: outcome.warmup,
        samples: outcome.samples,
    };
    destination
        .write(|out| json::write(out, &report))
        .context("the run is complete, but")
}
