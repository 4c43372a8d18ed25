// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench hook`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use epoch_device::hook::{Calls, Filter, Hook};
use epoch_device::observe::{ModuleObserver, Observed, Observer};
use epoch_device::sysfs::TrackerControl;
use epoch_device::testcase::Testcase;
use epoch_measure::calibration;
use epoch_measure::command::{Command, Ending, Subreaper};
use epoch_measure::pool::UserLoad;
use epoch_measure::session::{self, Knobs};
use epoch_measure::signals::{SignalWatch, interrupted};
use epoch_results::record::{self, HookCost, HookReport, HookRun};
use host::environment::Environment;
use ministat::Confidence;
use nix::poll::PollTimeout;
use nix::sys::signal::Signal;
use nix::unistd::getpid;

use super::mechanism::{self, Asked};
use super::module::{Module, selected_tracker};
use super::setup::{command_line, open_destination, say, warn};
use crate::cli::HookArgs;
use crate::show::{self, observed::observed};

/// Number of samples of each kind for measuring the hook's own cost.
const ROUNDS: usize = 10;

/// Length of each sample for measuring the hook's own cost.
const SAMPLE: Duration = Duration::from_millis(20);

pub fn execute(args: &HookArgs) -> Result<ExitCode> {
    let asked = Asked {
        mechanism: args.mechanism,
        symbol: args.symbol.as_deref(),
    };
    asked.check(true)?;
    let destination = open_destination("--json", args.json.as_deref())?;
    let module = Module::open()?;
    let environment = Environment::detect(selected_tracker());
    let trackers = if args.tracker.is_empty() {
        vec![module.sysfs.current()?]
    } else {
        args.tracker.clone()
    };

    module.hold_hook()?;
    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let (trackers, mechanism) = mechanism::choose(&module, &trackers, asked)?;
    let hook = module.hook();
    let knobs = Knobs {
        trackers: Some(&module.sysfs),
        hook: Some(hook),
    };
    let first = trackers.first().map(String::as_str);
    let (target, hook_cost, runs, ending) = session::with_knobs(knobs, first, || {
        let mechanism = Some(mechanism);
        mechanism::aim(&module, Asked { mechanism, ..asked })?;
        let cost = calibrate(hook, &module, &signals)?;
        let mut runs = Vec::with_capacity(trackers.len());
        let mut ending = Ending::Code(0);
        for tracker in &trackers {
            ending = run(args, &module, &signals, tracker, &mut runs)?;
            if ending.code() != 0 {
                break;
            }
        }
        Ok((hook.target()?, cost, runs, ending))
    })?;

    if let Ending::NotExecuted(errno) = ending {
        say(&format!(
            "epoch-bench: cannot run '{}': {}",
            args.command[0].to_string_lossy(),
            errno.desc()
        ));
        return Ok(ExitCode::from(ending.code()));
    }
    let calls_of = calls_of(args);
    say(&format!("\n{target}, calls of {calls_of}"));
    let rows = runs
        .iter()
        .map(|run| (run.tracker.clone(), run.observed.clone()));
    if let Some(table) = observed(&rows.collect::<Vec<_>>()) {
        say(&table.text());
    }
    say(&show::hook::describe(hook_cost.as_ref()));
    if runs
        .iter()
        .all(|run| run.observed.calls.unwrap_or_default() == Calls::default())
    {
        say(
            "no call was hooked; if processes that COMMAND does not start, such as daemons, unmap \
             for it, name them with --comm, or use --all",
        );
    }
    if let Some(destination) = destination {
        let report = HookReport {
            schema: HookReport::SCHEMA.into(),
            command_line: command_line(),
            environment,
            hook: target,
            calls_of,
            hook_cost,
            runs,
        };
        destination
            .write(|out| record::write(out, &report))
            .context("the command has ended, but")?;
    }
    Ok(ExitCode::from(ending.code()))
}

/// Describes the tasks whose calls are hooked.
fn calls_of(args: &HookArgs) -> String {
    match (&args.comm, args.all) {
        (Some(comm), _) => format!("tasks named {comm}"),
        (None, true) => "everybody".into(),
        (None, false) => "COMMAND and its descendants".into(),
    }
}

/// Returns the filter of hooked calls. COMMAND is the only child that this process has.
fn filter(args: &HookArgs) -> Filter {
    match (&args.comm, args.all) {
        (Some(comm), _) => Filter::Comm(comm.clone()),
        (None, true) => Filter::All,
        (None, false) => Filter::Descendants(getpid()),
    }
}

/// Runs the command once.
fn run(
    args: &HookArgs,
    module: &Module,
    signals: &SignalWatch,
    tracker: &str,
    runs: &mut Vec<HookRun>,
) -> Result<Ending> {
    let hook = module.hook();
    let observer = ModuleObserver {
        device: &module.device,
        hook: Some(hook),
    };
    module.sysfs.select(tracker)?;
    let filter = filter(args);
    // Otherwise a process whose parent has exited would no longer be a descendant.
    let _subreaper = match filter {
        Filter::Descendants(_) => Some(Subreaper::new()?),
        Filter::All | Filter::Comm(_) => None,
    };
    let command = Command::fork(&args.command, signals)?;
    hook.filter(&filter)?;
    hook.enable(true)?;
    // The counts start here.
    let before = observer.observe(tracker)?;
    let ending = command.run(signals)?;
    let now = module.sysfs.current()?;
    if now != tracker || !hook.is_enabled()? {
        warn(&format!(
            "somebody has changed the hook, or the tracker (to {now}), while COMMAND ran: the \
             figures of {tracker} are not its own alone"
        ));
    }
    hook.enable(false)?;
    let after = observer.observe(tracker)?;
    runs.push(HookRun {
        tracker: tracker.into(),
        exit_code: ending.code(),
        observed: Observed::new(&after.since(&before))?,
    });
    Ok(ending)
}

/// Measures the cost of the hook for this process's own calls.
fn calibrate(hook: Hook<'_>, module: &Module, signals: &SignalWatch) -> Result<Option<HookCost>> {
    let load = UserLoad::new(Testcase::Mmap1, None)?;
    hook.filter(&Filter::own_comm()?)?;
    calibration::calibrate(hook, &module.sysfs, ROUNDS, Confidence::P95, || {
        // There are no children yet that could have ended.
        if let Some(
            signal @ (Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM | Signal::SIGHUP),
        ) = signals.next(PollTimeout::ZERO)?
        {
            bail!(interrupted(signal));
        }
        // The first iterations are slower.
        loop_for(&load, SAMPLE / 4)?;
        loop_for(&load, SAMPLE)
    })
}

/// Returns the nanoseconds per iteration.
fn loop_for(load: &UserLoad, duration: Duration) -> Result<f64> {
    /// Iterations between two readings of the clock.
    const BATCH: u32 = 16;

    let start = Instant::now();
    let mut iterations = 0;
    loop {
        for _ in 0..BATCH {
            load.iterate().context("munmap failed")?;
        }
        iterations += BATCH;
        let elapsed = start.elapsed();
        if elapsed >= duration {
            return Ok(elapsed.as_nanos() as f64 / f64::from(iterations));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn descendants_are_hooked_unless_others_are_asked_for() {
        let hooked = |options: &[&str]| {
            let command = [&["epoch-bench", "hook"], options, &["--", "true"]].concat();
            let crate::cli::Command::Hook(args) = Cli::parse_from(command).command else {
                panic!("hook was not parsed as such");
            };
            (filter(&args), calls_of(&args))
        };
        let (filter, calls_of) = hooked(&[]);
        assert_eq!(filter, Filter::Descendants(getpid()));
        assert_eq!(calls_of, "COMMAND and its descendants");
        assert_eq!(hooked(&["--all"]), (Filter::All, "everybody".into()));
        let expected = (Filter::Comm("sh".into()), "tasks named sh".into());
        assert_eq!(hooked(&["--comm", "sh"]), expected);
    }

    #[test]
    fn an_iteration_takes_its_time() {
        let load = UserLoad::new(Testcase::PageFault, None).unwrap();
        assert!(loop_for(&load, Duration::from_millis(1)).unwrap() > 1.0);
    }
}
