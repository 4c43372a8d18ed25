// SPDX-License-Identifier: MIT OR Apache-2.0

//! Resuming an interrupted sweep.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use epoch_device::hook::Mechanism;
use epoch_measure::progress::{Part, Progress};
use epoch_results::record::{Point, Settings, SweepReport};
use host::error::usage;

use super::settings::{self, otherwise};
use crate::cli::SweepArgs;

/// Reads the sweep to resume. Refuses if the command line asks for a different sweep.
pub fn resume(path: &Path, args: &SweepArgs) -> Result<(SweepReport, Settings)> {
    let name = path.display();
    let json = fs::read(path)
        .with_context(|| format!("cannot read {name}: name a file that 'sweep --json' wrote"))?;
    let report = SweepReport::read(&json).map_err(|error| {
        usage(format!(
            "{name} is no sweep that 'sweep --json' wrote: {error:#}"
        ))
    })?;
    let Some(settings) = report.settings.clone() else {
        return Err(usage(format!(
            "{name} does not say what is missing in it, as files of the first versions: \
             measure again with --json"
        )));
    };
    settings::check(&settings, args, path)?;
    let (asked, saved) = (args.confidence.percent(), report.confidence_percent);
    if args.given.fields().any(|field| field == "confidence") && asked != saved {
        let (asked, saved) = (asked.to_string(), saved.to_string());
        return Err(otherwise("confidence", &asked, &saved, path));
    }
    if let (Some(asked), Some(hook)) = (args.measure.mechanism, &report.hook) {
        let (asked, saved) = (asked.name(), &*hook.mechanism);
        if asked != saved {
            return Err(otherwise("mechanism", asked, saved, path));
        }
    }
    Ok((report, settings))
}

/// Returns the mechanism that the sweep began with; `None` if nothing is hooked.
pub fn mechanism(report: &SweepReport) -> Option<Mechanism> {
    let hook = report.hook.as_ref()?;
    Mechanism::named(&hook.mechanism)
}

/// Measures the missing points, from the fewest tasks to the most. After each point, `keep` may
/// save the report.
pub fn go_on(
    report: &mut SweepReport,
    progress: &mut dyn Progress,
    mut measure: impl FnMut(usize, &mut dyn Progress) -> Result<Point>,
    mut keep: impl FnMut(&SweepReport),
) -> Result<()> {
    let missing = report.missing();
    for (index, &tasks) in missing.iter().enumerate() {
        let mut part = Part::new(progress, index, missing.len());
        report.points.push(measure(tasks, &mut part)?);
        report.points.sort_by_key(|point| point.workload.tasks);
        keep(report);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::settings::tests::parse;
    use super::*;
    use epoch_device::hook::Target;
    use epoch_device::observe::fake::FakeObserver;
    use epoch_measure::compare::{Plan, reports};
    use epoch_measure::pool::fake::{FakePool, FakeTrackers};
    use epoch_measure::progress::Silent;
    use epoch_measure::watch::Unwatched;
    use epoch_results::examples::{example_sweep as example, sweep as report};
    use epoch_results::judge;
    use host::activity::fake::FakeMeter;
    use host::environment::Environment;
    use host::error::{self, Interrupted};

    const BEGUN: [&str; 6] = ["--trackers", "mutex,epoch", "--tasks", "1,2,4", "-s", "3"];

    fn begin() -> SweepReport {
        let mut report = report(&[]);
        report.settings = Some(settings::of(&parse(&BEGUN)).unwrap());
        report
    }

    fn json(report: &SweepReport) -> String {
        serde_json::to_string(report).unwrap()
    }

    /// Measures on pools in memory; the one with `interrupted_at` tasks is interrupted.
    fn measure(report: &mut SweepReport, interrupted_at: usize) -> (Result<()>, Vec<String>) {
        let settings = report.settings.clone().unwrap();
        let plan = Plan {
            trackers: settings.trackers.clone(),
            testcase: String::new(),
            warmup: settings.warmup as usize,
            samples: settings.samples as usize,
            until_percent: None,
            interval: settings.measure.interval(),
            confidence: report.confidence().unwrap(),
        };
        let point = |tasks: usize, progress: &mut dyn Progress| {
            let control = FakeTrackers::new("none");
            let mut pool = FakePool::new(&vec![1000; tasks]);
            pool.trackers = Some(control.clone());
            if tasks == interrupted_at {
                pool.fail_at_wait = Some((3, Interrupted.into()));
            }
            let observer = FakeObserver::default();
            let meter = FakeMeter::default();
            let outcomes = epoch_measure::compare::measure(
                &mut pool, &*control, &observer, &meter, &plan, progress, &Unwatched,
            )?;
            let trackers = reports(&plan, outcomes)?;
            Ok(Point {
                workload: settings.measure.workload(tasks)?,
                comparisons: judge::compare(&trackers, plan.confidence, plan.stopping())?,
                trackers,
            })
        };
        let mut kept = Vec::new();
        let result = go_on(report, &mut Silent, point, |report| kept.push(json(report)));
        (result, kept)
    }

    #[test]
    fn an_interrupted_sweep_ends_as_if_it_had_not_been() {
        let mut whole = begin();
        measure(&mut whole, 0).0.unwrap();
        assert_eq!(whole.missing(), [] as [usize; 0]);

        let mut sweep = begin();
        let (result, kept) = measure(&mut sweep, 4);
        assert!(result.unwrap_err().is::<Interrupted>());
        assert_eq!(kept.len(), 2);
        let mut sweep = SweepReport::read(kept[1].as_bytes()).unwrap();
        assert_eq!(sweep.missing(), [4]);
        let (result, kept) = measure(&mut sweep, 0);
        result.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(json(&sweep), json(&whole));
    }

    #[test]
    fn points_come_to_where_they_belong() {
        let mut sweep = begin();
        measure(&mut sweep, 0).0.unwrap();
        let whole = json(&sweep);
        sweep.points.remove(1);
        assert_eq!(sweep.missing(), [2]);
        measure(&mut sweep, 0).0.unwrap();
        assert_eq!(json(&sweep), whole);
    }

    #[test]
    fn results_of_other_places_are_not_mixed() {
        let sweep = example();
        let trackers = ["mutex", "epoch"].map(String::from);
        let here = sweep.environment.clone();
        sweep.check_place(&here, &trackers).unwrap();
        let refused = |now: &Environment, trackers: &[String], why: &str| {
            let error = sweep.check_place(now, trackers).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        let mut now = here.clone();
        now.kernel = "7.4".into();
        refused(&now, &trackers, "the kernel was 7.3");
        let mut now = here.clone();
        now.online_cpus = 8;
        refused(
            &now,
            &trackers,
            "number of CPUs was 96 when the sweep began, and is 8",
        );
        refused(&here, &trackers[..1], "not those that the sweep began with");
        let mut now = here.clone();
        now.date = None;
        sweep.check_place(&now, &trackers).unwrap();
    }

    #[test]
    fn files_that_cannot_be_gone_on_with_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sweep.json");
        let refused = |json: &str, options: &[&str], why: &str| {
            fs::write(&path, json).unwrap();
            let error = resume(&path, &parse(options)).unwrap_err();
            assert_eq!(error::exit_code(&error), 2);
            assert!(error.to_string().contains(why), "{error}");
        };
        refused(&json(&example()), &[], "does not say what is missing");
        let mut sweep = begin();
        measure(&mut sweep, 4).0.unwrap_err();
        let saved = json(&sweep);
        let half = &saved[..saved.len() / 2];
        refused(
            half,
            &[],
            "is no sweep that 'sweep --json' wrote: it is not one of",
        );
        refused(&saved, &["--samples", "9"], "with --samples 3, not 9");
        refused(&saved, &["-c", "99"], "with --confidence 95, not 99");
        sweep.hook = Some(Target {
            symbol: "munmap(2)".into(),
            mechanism: "syscall".into(),
        });
        assert_eq!(mechanism(&sweep), Some(Mechanism::Syscall));
        refused(
            &json(&sweep),
            &["--mechanism", "fprobe"],
            "with --mechanism syscall, not fprobe: leave it out",
        );
        fs::write(&path, &saved).unwrap();
        let args = parse(&[&BEGUN[..], &["--confidence", "95"]].concat());
        let (report, settings) = resume(&path, &args).unwrap();
        assert_eq!((report.points.len(), settings.samples), (2, 3));
        fs::remove_file(&path).unwrap();
        let error = resume(&path, &args).unwrap_err();
        assert_eq!(error::exit_code(&error), 1);
    }
}
