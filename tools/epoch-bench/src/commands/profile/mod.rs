// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench profile`

mod caption;
mod mechanism;
mod outputs;
mod slices;
mod stacks;

use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use epoch_device::sysfs::TrackerControl;
use epoch_measure::compare::Plan;
use epoch_measure::progress;
use epoch_measure::signals::SignalWatch;
use epoch_results::record::{
    Difference, EventReport, Options, ProfileReport, Sample, Source, Statistics, TrackerProfile,
    Where, average,
};
use host::environment::Environment;
use host::error::usage;
use ministat::Confidence;

use self::outputs::Outputs;
use super::bench::Bench;
use super::mechanism::Asked;
use super::module::{Module, selected_tracker};
use super::setup::{self, command_line, say, warn};
use crate::cli::{ProfileArgs, options};
use crate::perf::event::{Event, Vendor};
use crate::perf::fold::Stacks;
use crate::perf::program::{self, Perf};
use crate::perf::top;
use crate::show;

/// Number of functions that are listed.
const TOP: usize = 20;

/// Name of a run without a tracker.
const UNTRACKED: &str = "user";

pub fn execute(args: &ProfileArgs) -> Result<()> {
    let options = &Options::from(&args.options);
    options::check(options)?;
    let asked = Asked {
        mechanism: args.mechanism,
        symbol: None,
    };
    asked.check(options.r#where == Where::User && !args.trackers.is_empty())?;
    let mut workload = options.workload(setup::tasks(args.tasks)?)?;

    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let module = match (options.r#where, &args.trackers[..]) {
        (Where::User, []) => None,
        _ => Some(Module::open()?),
    };
    let mut bench = Bench {
        options,
        module: module.as_ref(),
        signals: &signals,
        mechanism: None,
    };
    let trackers = trackers(args, &mut bench)?;
    if let (Some(hook), Some(mechanism)) = (bench.hook(), bench.mechanism) {
        let asked = args.mechanism.is_some();
        bench.mechanism = Some(mechanism::for_stacks(hook, mechanism, asked)?);
    }
    let names = names(&trackers);
    let outputs = Outputs::open(&args.out, &names)?;
    let perf = Perf::find()?;
    program::check_symbols()?;
    let event = event(args, &perf)?;
    let plan = plan(args, &names, &trackers);
    workload.interval_ms = plan.interval.as_millis() as u64;
    let environment = Environment::detect(selected_tracker());

    let first = trackers.first().map(String::as_str);
    let (hook, samples) = bench.run(&workload, first, |workers, control| {
        let recordings = names
            .iter()
            .map(|name| perf.record(&event.used, event.frequency_hz, &outputs.data(name)));
        let mut recordings = recordings.collect::<Result<Vec<_>>>()?;
        let mut progress = progress::on_stderr(plan.trackers.len() * plan.samples);
        let samples = slices::measure(
            workers,
            control.trackers,
            &mut recordings,
            &plan,
            &mut *progress,
            &control.conditions,
        );
        progress.finish();
        let samples = samples?;
        for recording in recordings {
            recording.finish()?;
        }
        Ok((bench.target()?, samples))
    })?;

    say("reading the stacks");
    let stacks = names
        .iter()
        .map(|name| {
            stacks::read(&perf, &outputs.data(name), &signals)
                .with_context(|| format!("the stacks of {name} cannot be read"))
        })
        .collect::<Result<Vec<_>>>()?;
    let runs = names.iter().zip(&stacks).zip(&samples).enumerate();
    let runs = runs.map(|(index, ((name, stacks), samples))| {
        let tracker = trackers.get(index).cloned();
        describe(args, tracker, name, stacks, samples)
    });
    let report = ProfileReport {
        schema: ProfileReport::SCHEMA.into(),
        command_line: command_line(),
        environment,
        workload,
        hook,
        event,
        trackers: runs.collect::<Result<_>>()?,
        difference: difference(&names, &stacks),
    };
    let mut stdout = io::stdout();
    show::profile::print(&report, &mut stdout)?;
    let written = outputs
        .deliver(&report, &stacks)
        .context("the profile is complete, but")?;
    writeln!(stdout)?;
    for path in written {
        writeln!(stdout, "{}", path.display())?;
    }
    stdout.flush()?;
    Ok(())
}

/// Returns the trackers that the command line names; none in user space without the hook.
fn trackers(args: &ProfileArgs, bench: &mut Bench<'_>) -> Result<Vec<String>> {
    let Some(module) = bench.module else {
        return Ok(Vec::new());
    };
    if args.trackers.is_empty() {
        module.warn_of_verifier()?;
        return Ok(vec![module.sysfs.current()?]);
    }
    let trackers = bench.trackers(&args.trackers, args.mechanism)?;
    if trackers.len() > 2 {
        return Err(usage(format!(
            "{} trackers are too many for a profile: name one or two",
            trackers.len()
        )));
    }
    Ok(trackers)
}

/// Returns the names of the runs.
fn names(trackers: &[String]) -> Vec<String> {
    match trackers {
        [] => vec![UNTRACKED.into()],
        [one, other] if one == other => vec![one.clone(), format!("{one}-2")],
        trackers => trackers.to_vec(),
    }
}

/// Determines the event to sample, and reports it.
fn event(args: &ProfileArgs, perf: &Perf) -> Result<EventReport> {
    let event = Event::new(&args.event);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let meaning = event.describe(Vendor::of(&cpuinfo));
    say(&format!("{meaning}; perf {}", perf.version()));
    let used = perf.choose(&event)?;
    if let Source {
        event: timer,
        instead_of: Some(asked),
    } = &used
    {
        warn(&format!(
            "there is no PMU that counts {asked}: the timer {timer} is sampled instead, to \
             which time with interrupts off is time of the code that turns them on again"
        ));
    }
    Ok(EventReport {
        asked: args.event.clone(),
        meaning,
        used,
        frequency_hz: args.frequency,
    })
}

/// Returns a plan with slices of about `--interval-ms`, `--seconds` together. Their number is even:
/// then each tracker is first as often as last.
fn plan(args: &ProfileArgs, names: &[String], trackers: &[String]) -> Plan {
    let total = Duration::from_secs(args.seconds.into());
    let slices = (total.as_millis() as u64).div_ceil(args.options.interval_ms);
    let slices = slices.next_multiple_of(2) as u32;
    Plan {
        // Without trackers, none is selected.
        trackers: if trackers.is_empty() { names } else { trackers }.to_vec(),
        testcase: args.options.testcase.description(args.options.pages),
        warmup: 0,
        samples: slices as usize,
        // Whole milliseconds; all slices together are not shorter than asked for.
        interval: Duration::from_millis((total.as_millis() as u64).div_ceil(slices.into())),
        until_percent: None,
        confidence: Confidence::P95,
    }
}

fn describe(
    args: &ProfileArgs,
    tracker: Option<String>,
    name: &str,
    stacks: &Stacks,
    samples: &[Sample],
) -> Result<TrackerProfile> {
    let taken = stacks.samples();
    ensure!(
        taken > 0,
        "perf took no sample of {name}: take more --seconds, or a higher --frequency"
    );
    let profile = TrackerProfile {
        tracker,
        name: name.into(),
        seconds: args.seconds.into(),
        slices: samples.len(),
        rate: average(samples),
        rate_error: Statistics::of(samples).mean_error(Confidence::P95),
        samples: taken,
        unnamed: stacks.unnamed(),
        idle: stacks.idle,
        lost: stacks.lost,
        top: top::functions(stacks, TOP),
        svg: outputs::flame_name(name),
        folded: outputs::folded_name(name),
        data: args.keep_data.then(|| outputs::data_name(name)),
    };
    if profile.lost_many() {
        warn(&format!(
            "{} samples of {name} were lost, and {taken} recorded: take a lower --frequency, \
             or fewer tasks",
            profile.lost
        ));
    }
    Ok(profile)
}

/// Returns the differences between two runs; `None` unless there are two.
fn difference(names: &[String], stacks: &[Stacks]) -> Option<Difference> {
    let ([before, after], [first, second]) = (names, stacks) else {
        return None;
    };
    Some(Difference {
        top: top::changes(first, second, TOP),
        svg: outputs::difference_name(before, after),
        reverse_svg: outputs::difference_name(after, before),
    })
}
