//! `epoch-bench compare`

use std::io;

use anyhow::{Context, Result};
use epoch_device::error::usage;
use epoch_device::sysfs::ALL;
use epoch_load::progress;
use epoch_load::signals::SignalWatch;
use epoch_machine::environment::Environment;
use epoch_machine::topology;
use epoch_results::compare::{self, Plan};
use epoch_results::destination::Destination;
use epoch_results::json::{self, CompareReport, TrackerReport};

use super::bench::Bench;
use super::module::Module;
use super::setup::{command_line, open_destination};
use crate::cli::CompareArgs;

pub fn execute(args: &CompareArgs) -> Result<()> {
    let options = &args.measure.options;
    options.check()?;
    if args.trackers.len() == 1 && args.trackers != [ALL] {
        return Err(usage(
            "one tracker alone cannot be compared: name another one, or 'all'",
        ));
    }
    let tasks = match args.tasks {
        Some(tasks) => tasks as usize,
        None => topology::allowed_cpus()?.len(),
    };
    if args.svg.is_some() && args.svg == args.measure.json {
        return Err(usage(
            "--svg and --json name the same file: give each its own",
        ));
    }
    let destination = args.measure.destination()?;
    let canvas = open_destination("--svg", args.svg.as_deref())?;
    let workload = options.workload(tasks)?;
    let module = Module::open()?;
    let environment = Environment::detect();

    // Outlives everything that must be put back.
    let signals = SignalWatch::new()?;
    let bench = Bench {
        options,
        module: Some(&module),
        signals: &signals,
    };
    let plan = Plan {
        trackers: bench.trackers(&args.trackers)?,
        testcase: options.testcase.description(options.pages),
        warmup: args.warmup as usize,
        samples: args.samples as usize,
        interval: options.interval(),
        confidence: args.confidence,
    };
    let target = bench.target()?;
    let samples = plan.trackers.len() * (plan.warmup + plan.samples);
    let mut progress = progress::on_stderr(samples);
    let (outcomes, hook_cost) = bench.compare(&workload, &plan, &mut *progress, |workers| {
        bench.calibrate(workers, plan.samples, plan.confidence)
    })?;

    let mut stdout = io::stdout();
    compare::print(&mut stdout, &environment, &plan, &outcomes)?;
    if let Some(target) = &target {
        compare::print_hook(&mut stdout, target, hook_cost.as_ref())?;
    }
    if destination.is_none() && canvas.is_none() {
        return Ok(());
    }
    let (_, comparisons) = compare::judge(&plan, &outcomes)?;
    let report = CompareReport {
        schema: CompareReport::SCHEMA.into(),
        command_line: command_line(),
        environment,
        workload,
        confidence_percent: plan.confidence.percent(),
        trackers: TrackerReport::of(&plan, outcomes)?,
        comparisons,
        hook: target,
        hook_cost,
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
    let drawn = svg.map_or(Ok(()), |svg| {
        svg.write(|out| Ok(out.write_all(epoch_figures::comparison(report)?.as_bytes())?))
    });
    saved.and(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::published;
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
        assert_eq!(epoch_figures::comparison(&saved).unwrap(), drawn);
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
