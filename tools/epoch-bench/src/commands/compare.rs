// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench compare`

use std::io::{self, Write};

use anyhow::{Context, Result};
use epoch_device::sysfs::ALL;
use epoch_measure::compare::{Outcome, Plan, reports};
use epoch_measure::progress;
use epoch_measure::signals::SignalWatch;
use epoch_results::judge;
use epoch_results::record::{self, CompareReport, Options, Repeat, TrackerReport, Where};
use host::destination::Destination;
use host::environment::Environment;
use host::error::usage;

use super::bench::Bench;
use super::module::{Module, selected_tracker};
use super::pictures::Pictures;
use super::setup::{self, check_distinct, command_line, warn};
use crate::cli::{CompareArgs, options};
use crate::show::{false_positives, text};

pub fn execute(args: &CompareArgs) -> Result<()> {
    let options = &Options::from(&args.measure.options);
    options::check(options)?;
    args.measure
        .check_mechanism(options.r#where == Where::User)?;
    if args.trackers.len() == 1 && args.trackers != [ALL] {
        return Err(usage(
            "one tracker alone cannot be compared: name another one, or 'all'",
        ));
    }
    let repeats = args.repeats()?;
    let [svg, png] = args.pictures.named();
    check_distinct(&[("--json", args.measure.json.as_deref()), svg, png])?;
    let destination = args.measure.destination()?;
    let pictures = Pictures::open(&args.pictures)?;
    let workload = options.workload(setup::tasks(args.tasks)?)?;
    let module = Module::open()?;
    let environment = Environment::detect(selected_tracker());

    // Outlives everything that must be restored.
    let signals = SignalWatch::new()?;
    let mut bench = Bench {
        options,
        module: Some(&module),
        signals: &signals,
        mechanism: None,
    };
    let plan = Plan {
        trackers: bench.trackers(&args.trackers, args.measure.mechanism)?,
        testcase: options.testcase.description(options.pages),
        warmup: args.warmup as usize,
        samples: args.samples(),
        until_percent: args.until,
        interval: options.interval(),
        confidence: args.confidence,
    };
    let target = bench.target()?;
    let samples = (1 + repeats) * plan.trackers.len() * (plan.warmup + plan.samples);
    let mut progress = progress::on_stderr(samples);
    let (measured, hook_cost) =
        bench.compare(&workload, &plan, repeats, &mut *progress, |workers| {
            bench.calibrate(workers, plan.samples, plan.confidence)
        })?;

    let mut stdout = io::stdout();
    let trackers = reports(&plan, measured.first)?;
    text::print_samples(&mut stdout, &environment, &plan.testcase, &trackers)?;
    let mut comparisons = judge::compare(&trackers, plan.confidence, plan.stopping())?;
    warn_of_limit(&plan, &trackers);
    if let Some(percent) = args.within {
        judge::test_equivalence(&trackers, &mut comparisons, percent, plan.confidence);
    }
    text::print_verdict(&mut stdout, &plan, &trackers, &comparisons)?;
    if let Some(target) = &target {
        text::print_hook(&mut stdout, target, hook_cost.as_ref())?;
    }
    if repeats == 0 && destination.is_none() && pictures.is_empty() {
        return Ok(());
    }
    let others = measured.repeats.into_iter();
    let mut report = CompareReport {
        schema: CompareReport::SCHEMA.into(),
        command_line: command_line(),
        environment,
        workload,
        confidence_percent: plan.confidence.percent(),
        until_percent: plan.until_percent,
        trackers,
        comparisons,
        repeats: others
            .map(|outcomes| repeat(&plan, outcomes))
            .collect::<Result<_>>()?,
        false_positives: None,
        hook: target,
        hook_cost,
    };
    if repeats > 0 {
        report.count_false_positives()?;
    }
    if let Some(rates) = &report.false_positives {
        writeln!(stdout, "\n{}", false_positives::sentences(rates).join("\n"))?;
    }
    deliver(&report, destination, pictures).context("the comparison is complete, but")
}

/// Says that the limit was reached before the samples were as precise as they were to be.
fn warn_of_limit(plan: &Plan, trackers: &[TrackerReport]) {
    let (Some(wanted), Some((baseline, others))) = (plan.until_percent, trackers.split_first())
    else {
        return;
    };
    let others: Vec<_> = others.iter().map(|of| of.samples.clone()).collect();
    let precision = judge::precision(&baseline.samples, &others, plan.confidence);
    if precision.is_none_or(|percent| percent > wanted) {
        let known = precision.map_or("not known".into(), |of| format!("known to +/- {of:.1}%"));
        warn(&format!(
            "after {} samples the ratios are {known}, not to {wanted}%: take more with --samples, \
             or longer ones with --interval-ms",
            plan.samples
        ));
    }
}

/// Judges a repetition of a tracker's comparison with itself.
fn repeat(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Repeat> {
    let trackers = reports(plan, outcomes)?;
    Ok(Repeat {
        comparisons: judge::compare(&trackers, plan.confidence, plan.stopping())?,
        trackers,
    })
}

/// Saves the report and plots it; each is done even if the other fails.
fn deliver(report: &CompareReport, json: Option<Destination>, pictures: Pictures) -> Result<()> {
    let saved = json.map_or(Ok(()), |json| json.write(|out| record::write(out, report)));
    let drawn = pictures.deliver(|| crate::show::svg::comparison(report));
    saved.and(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::PictureArgs;
    use epoch_results::examples::published;
    use std::fs;
    use std::path::Path;

    fn svg(path: &Path) -> Pictures {
        let args = PictureArgs {
            svg: Some(path.into()),
            png: None,
        };
        Pictures::open(&args).unwrap()
    }

    #[test]
    fn a_saved_comparison_gives_the_same_picture_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let json = Destination::open("--json", &path("j")).unwrap();
        deliver(&published(), Some(json), svg(&path("s"))).unwrap();
        let saved = CompareReport::read(&fs::read(path("j")).unwrap()).unwrap();
        let drawn = fs::read_to_string(path("s")).unwrap();
        assert_eq!(crate::show::svg::comparison(&saved).unwrap(), drawn);
    }

    #[test]
    fn the_picture_is_drawn_where_the_report_cannot_be_saved() {
        let dir = tempfile::tempdir().unwrap();
        let full = Destination::open("--json", Path::new("/dev/full")).unwrap();
        let svg = svg(&dir.path().join("s"));
        let error = deliver(&published(), Some(full), svg).unwrap_err();
        assert!(error.to_string().starts_with("--json /dev/full"), "{error}");
        assert!(dir.path().join("s").exists());
    }
}
