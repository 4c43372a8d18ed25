//! `epoch-bench compare`

use std::io;
use std::time::Duration;

use anyhow::{Context, Result};

use super::setup::command_line;
use crate::cli::{CompareArgs, Where};
use crate::compare::{self, Plan};
use crate::destination::Destination;
use crate::environment::Environment;
use crate::error::usage;
use crate::json::{self, CompareReport, TrackerReport};
use crate::picture;
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
    if args.svg.is_some() && args.svg == measure.json {
        return Err(usage(
            "--svg and --json name the same file: give each its own",
        ));
    }
    let destination = measure.destination()?;
    let svg = args.svg.as_deref();
    let canvas = svg
        .map(|path| Destination::open("--svg", path))
        .transpose()?;
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
    if destination.is_none() && canvas.is_none() {
        return Ok(());
    }
    let (_, comparisons) = compare::judge(&plan, &outcomes)?;
    let trackers = plan.trackers.iter().zip(outcomes);
    let report = CompareReport {
        schema: CompareReport::SCHEMA.into(),
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
    deliver(&report, destination, canvas).context("the comparison is complete, but")
}

/// Saves the report and draws it; neither is given up because the other cannot
/// be written.
fn deliver(
    report: &CompareReport,
    json: Option<Destination>,
    svg: Option<Destination>,
) -> Result<()> {
    let saved = json.map_or(Ok(()), |json| json.write(|out| json::write(out, report)));
    let drawn = svg.map_or(Ok(()), |svg| svg.write(|out| picture::write(out, report)));
    saved.and(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::published;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_saved_comparison_gives_the_same_picture_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let open = |option, name| Some(Destination::open(option, &path(name)).unwrap());
        deliver(&published(), open("--json", "j"), open("--svg", "s")).unwrap();
        let saved = CompareReport::read(&fs::read(path("j")).unwrap()).unwrap();
        let drawn = fs::read_to_string(path("s")).unwrap();
        assert_eq!(picture::svg(&saved).unwrap(), drawn);
    }

    #[test]
    fn the_picture_is_drawn_where_the_report_cannot_be_saved() {
        let dir = tempfile::tempdir().unwrap();
        let full = Destination::open("--json", Path::new("/dev/full")).unwrap();
        let svg = Destination::open("--svg", &dir.path().join("s")).unwrap();
        let error = deliver(&published(), Some(full), Some(svg)).unwrap_err();
        assert!(error.to_string().starts_with("--json /dev/full"), "{error}");
        assert!(dir.path().join("s").exists());
    }
}
