// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench run`

use std::io::{self, Write};

use anyhow::{Context, Result};
use epoch_device::observe::{Observed, Observer};
use epoch_device::sysfs::TrackerControl;
use epoch_measure::run::{self, Plan};
use epoch_measure::signals::SignalWatch;
use epoch_results::judge;
use epoch_results::record::{
    self, ActivityPerIteration, Options, RunReport, Statistics, Where, average,
};
use host::activity::SystemMeter;
use host::environment::Environment;
use ministat::Confidence;

use super::bench::Bench;
use super::module::{Module, selected_tracker};
use super::setup::{command_line, say, warn};
use crate::cli::{RunArgs, options};
use crate::show::activity;
use crate::show::activity::ActivityRow;
use crate::show::hook;
use crate::show::observed;
use crate::show::text::WillItScale;

pub fn execute(args: &RunArgs) -> Result<()> {
    let options = &Options::from(&args.measure.options);
    options::check(options)?;
    let hooked = options.r#where == Where::User && args.tracker.is_some();
    args.measure.check_mechanism(hooked)?;
    let destination = args.measure.destination()?;
    let workload = options.workload(args.tasks as usize)?;

    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let module = match (options.r#where, &args.tracker) {
        (Where::User, None) => None,
        _ => Some(Module::open()?),
    };
    let mut bench = Bench {
        options,
        module: module.as_ref(),
        signals: &signals,
        mechanism: None,
    };
    let tracker = match (&module, &args.tracker) {
        (None, _) => None,
        (Some(_), Some(name)) => bench
            .trackers(std::slice::from_ref(name), args.measure.mechanism)?
            .pop(),
        (Some(module), None) => {
            module.warn_of_verifier()?;
            Some(module.sysfs.current()?)
        }
    };
    let target = bench.target()?;
    let plan = Plan {
        warmup: args.warmup as usize,
        samples: args.samples as usize,
        interval: options.interval(),
    };
    let observer = bench.observer();
    let observed = observer.as_ref().zip(tracker.as_deref());
    let observed = observed.map(|(observer, tracker)| (observer as &dyn Observer, tracker));
    let (environment, outcome, hook_cost) =
        bench.run(&workload, args.tracker.as_deref(), |workers, control| {
            let environment = Environment::detect(selected_tracker());
            // stdout is for will-it-scale's output. Errors are ignored: nobody may be reading
            // stderr.
            let _ = environment.write(&mut io::stderr());
            let meter = SystemMeter::open();
            let watch = &control.conditions;
            let out = &mut io::stdout();
            let testcase = options.testcase.description(options.pages);
            writeln!(out, "testcase:{testcase}")?;
            let verbose = args.verbose;
            let mut listener = WillItScale { out, verbose };
            let listener = &mut listener;
            let outcome = run::run(workers, observed, &meter, &plan, listener, watch, &mut warn)?;
            writeln!(out, "average:{}", average(&outcome.samples))?;
            out.flush()?;
            let cost = bench.calibrate(workers, plan.samples, Confidence::P95)?;
            Ok((environment, outcome, cost))
        })?;

    let observed = outcome
        .observation
        .as_ref()
        .map(Observed::new)
        .transpose()?;
    if let (Some(tracker), Some(observed)) = (&tracker, &observed) {
        let row = (tracker.clone(), observed.clone());
        if let Some(table) = observed::observed(&[row]) {
            say(&table.text());
        }
    }
    let statistics = Statistics::of(&outcome.samples);
    if let Some(few) = judge::resolution(&outcome.samples) {
        warn(&few.to_string());
    }
    let activity = outcome.activity.as_ref();
    let activity =
        activity.and_then(|activity| ActivityPerIteration::of(activity, &outcome.samples));
    let row = ActivityRow {
        name: tracker.clone().unwrap_or_else(|| "no tracker".into()),
        average: statistics.mean,
        activity: activity.clone(),
    };
    if let Some(text) = activity::text(&[row]) {
        say(&text);
    }
    if let Some(target) = &target {
        say(&target.to_string());
        say(&hook::describe(hook_cost.as_ref()));
    }
    let Some(destination) = destination else {
        return Ok(());
    };
    let report = RunReport {
        schema: RunReport::SCHEMA.into(),
        command_line: command_line(),
        tracker,
        environment,
        workload,
        statistics,
        warmup: outcome.warmup,
        samples: outcome.samples,
        observed,
        activity,
        hook: target,
        hook_cost,
    };
    destination
        .write(|out| record::write(out, &report))
        .context("the run is complete, but")
}
