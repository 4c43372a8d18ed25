//! `epoch-bench torture`

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use epoch_device::observe::ModuleObserver;
use epoch_device::orders::Orders;
use epoch_device::sysfs::{ALL, FileGuard};
use epoch_load::pool::{Crew, Workers};
use epoch_load::session::{self, Knobs};
use epoch_load::signals::SignalWatch;
use epoch_load::torture::{self, Plan};
use epoch_machine::topology;
use epoch_results::workload::Carrier;

use super::module::{Module, kernel_load};
use super::setup::{say, warn};
use crate::cli::TortureArgs;

/// The tracker that does nothing: it has no waits that could be verified.
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
    let module = Module::open()?;
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

    // Outlives everything that must be put back.
    let signals = SignalWatch::new()?;
    let verifier = FileGuard::write(&module.sysfs, "verify", "1")?;
    let knobs = Knobs {
        trackers: Some(&module.sysfs),
        hook: None,
    };
    let observer = ModuleObserver {
        device: &module.device,
        hook: None,
    };
    let spawn = || {
        let load = kernel_load(orders)?;
        // Not bound to CPUs: that blocks move is part of it.
        Workers::spawn(load, crew, Carrier::Processes, None, &signals)
    };
    let outcomes = session::measure(knobs, None, spawn, |workers| {
        torture::run(workers, &module.sysfs, &observer, &plan, |tracker| {
            say(&format!(
                "{tracker}: {} workers and {} waiters for {} s",
                crew.tasks, crew.waiters, args.seconds
            ));
        })
    })?;
    drop(verifier);

    writeln!(io::stdout(), "{}", torture::text(&plan, &outcomes)?)?;
    for (tracker, outcome) in plan.trackers.iter().zip(&outcomes) {
        if outcome.observation.counters.waits == 0 {
            warn(&format!(
                "no wait was over with tracker {tracker}, so that nothing was verified: take more \
                 --seconds"
            ));
        }
    }
    let violations = outcomes.iter().map(|o| o.observation.counters.violations);
    match violations.sum::<u64>() {
        0 => Ok(()),
        violations => bail!(
            "{violations} violations: the kernel log ('dmesg') says which wait returned while \
             which block was open"
        ),
    }
}
