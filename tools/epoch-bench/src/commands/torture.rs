// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench torture`

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use epoch_device::observe::{ModuleObserver, Observed};
use epoch_device::orders::Orders;
use epoch_device::sysfs::{ALL, FileGuard};
use epoch_measure::pool::{Crew, OwnTrackers, Workers};
use epoch_measure::session::{self, Knobs};
use epoch_measure::signals::SignalWatch;
use epoch_measure::torture::{self, Outcome, Plan};
use epoch_results::record::{self, Carrier, TortureReport, Tortured};
use host::environment::Environment;
use host::topology;

use super::module::{Module, kernel_load, selected_tracker};
use super::setup::{command_line, open_destination, say, warn};
use crate::cli::TortureArgs;
use crate::show;

/// Tracker that does nothing: it has no waits to verify.
const NOTHING: &str = "none";

pub fn execute(args: &TortureArgs) -> Result<()> {
    let tasks = match args.tasks {
        Some(tasks) => tasks as usize,
        None => 2 * topology::allowed_cpus()?.len(),
    };
    let crew = Crew {
        tasks,
        waiters: args.waiters as usize,
    };
    let destination = open_destination("--json", args.json.as_deref())?;
    let module = Module::open()?;
    let environment = Environment::detect(selected_tracker());
    let mut trackers = module.trackers(&args.trackers)?;
    if args.trackers == [ALL] {
        trackers.retain(|tracker| tracker != NOTHING);
    }
    let plan = Plan {
        trackers,
        duration: Duration::from_secs(args.seconds),
        switch: args.switch_ms.map(Duration::from_millis),
    };
    let mut orders = vec![Orders::Torture { keys: args.keys }; crew.tasks];
    let wait = Orders::Wait {
        rate: 0,
        keys: args.keys,
    };
    orders.extend(vec![wait; crew.waiters]);

    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let verifier = FileGuard::write(&module.sysfs, "verify", "1")?;
    let observer = ModuleObserver {
        device: &module.device,
        hook: None,
    };
    let load = Arc::new(kernel_load(orders)?);
    let trackers = OwnTrackers::new(&load, &module.sysfs);
    // Not bound to CPUs: migration of blocks is part of the test.
    let spawn = || Workers::spawn(load.clone(), crew, Carrier::Processes, None, &signals);
    let outcomes = session::measure(Knobs::default(), None, spawn, |workers| {
        torture::run(workers, &trackers, &observer, &plan, |tracker| {
            say(&format!(
                "{tracker}: {} workers and {} waiters for {} s",
                crew.tasks, crew.waiters, args.seconds
            ));
        })
    })?;
    drop(verifier);

    writeln!(io::stdout(), "{}", show::torture::text(&plan, &outcomes)?)?;
    let report = TortureReport {
        schema: TortureReport::SCHEMA.into(),
        command_line: command_line(),
        environment,
        tasks: crew.tasks,
        waiters: crew.waiters,
        keys: args.keys,
        seconds: args.seconds,
        switch_ms: args.switch_ms,
        trackers: tortured(&plan, &outcomes)?,
    };
    for Tortured {
        tracker, observed, ..
    } in &report.trackers
    {
        if observed.counters.waits == 0 {
            warn(&format!(
                "no wait was completed with tracker {tracker}, so nothing was verified: increase \
                 --seconds"
            ));
        }
    }
    if let Some(destination) = destination {
        destination
            .write(|out| record::write(out, &report))
            .context("the torture is over, but")?;
    }
    match report.violations() {
        0 => Ok(()),
        violations => bail!(
            "{violations} violations: the kernel log ('dmesg') says which wait returned while \
             which block was open"
        ),
    }
}

fn tortured(plan: &Plan, outcomes: &[Outcome]) -> Result<Vec<Tortured>> {
    let trackers = plan.trackers.iter().zip(outcomes);
    trackers
        .map(|(tracker, outcome)| {
            Ok(Tortured {
                tracker: tracker.clone(),
                blocks: outcome.blocks,
                observed: Observed::new(&outcome.observation)?,
            })
        })
        .collect()
}
