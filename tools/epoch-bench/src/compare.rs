//! Measuring several trackers, their samples interleaved.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use ministat::{Confidence, Dataset, Options};

use crate::calibration::{self, HookCost};
use crate::environment::Environment;
use crate::hook::Target;
use crate::observe::{Observation, Observer};
use crate::pool::Pool;
use crate::progress::Progress;
use crate::sample::{Sample, average};
use crate::stats::{self, Comparison};
use crate::summary;
use crate::sysfs::TrackerControl;

/// What every comparison must say of itself.
pub const CAVEAT: &str = "These trackers are load added for the comparison: Linux itself has no \
                          global delayed-invalidation lock.";

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The trackers; the first is the baseline.
    pub trackers: Vec<String>,
    /// What the workers do, in will-it-scale's words.
    pub testcase: String,
    /// Samples of each tracker that do not count.
    pub warmup: usize,
    /// Samples of each tracker that count.
    pub samples: usize,
    /// Length of each.
    pub interval: Duration,
    /// Confidence that a difference must reach.
    pub confidence: Confidence,
}

impl Plan {
    /// How long the workers run with another tracker before a sample starts:
    /// until caches, queues and the scheduler have got used to it.
    pub fn settle(&self) -> Duration {
        self.interval / 10
    }

    /// The trackers' numbers in the order of their samples in this round.
    ///
    /// Every other round is turned round, so that whatever drifts steadily
    /// while it runs weighs on all of them alike.
    fn order(&self, round: usize) -> Vec<usize> {
        let forward = 0..self.trackers.len();
        if round % 2 == 0 {
            forward.collect()
        } else {
            forward.rev().collect()
        }
    }
}

/// One tracker's samples.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Those that do not count.
    pub warmup: Vec<Sample>,
    /// Those that count.
    pub samples: Vec<Sample>,
    /// What the tracker went through meanwhile.
    pub observation: Observation,
}

/// Takes all samples; the result is in the order of `plan.trackers`.
///
/// The workers run all the time, and go from one tracker over to the next.
pub fn measure(
    pool: &mut dyn Pool,
    control: &dyn TrackerControl,
    observer: &dyn Observer,
    plan: &Plan,
    progress: &mut dyn Progress,
) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = plan.trackers.iter().map(|_| Outcome::default()).collect();
    pool.start()?;
    for round in 0..plan.warmup + plan.samples {
        for index in plan.order(round) {
            let tracker = &plan.trackers[index];
            control.select(tracker)?;
            pool.wait(plan.settle())?;
            let before = observer.observe(tracker)?;
            let sample = Sample::take(pool, plan.interval)?;
            let after = observer.observe(tracker)?;
            progress.sample_taken(tracker, &sample);
            let outcome = &mut outcomes[index];
            if round < plan.warmup {
                outcome.warmup.push(sample);
            } else {
                outcome.samples.push(sample);
                outcome.observation.add(&after.since(&before));
            }
        }
        progress.round_done(round + 1, plan.warmup + plan.samples);
    }
    pool.stop()?;
    Ok(outcomes)
}

/// Compares all trackers but the baseline with the baseline.
pub fn judge(plan: &Plan, outcomes: &[Outcome]) -> Result<(Vec<Dataset>, Vec<Comparison>)> {
    let mut datasets = Vec::with_capacity(outcomes.len());
    for (tracker, outcome) in plan.trackers.iter().zip(outcomes) {
        if outcome.samples.iter().all(|sample| sample.total == 0) {
            bail!(
                "tracker {tracker} completed no iteration in any sample: take fewer tasks, or a \
                 longer --interval-ms"
            );
        }
        datasets.push(stats::dataset(tracker, &outcome.samples)?);
    }
    let comparisons = datasets
        .iter()
        .skip(1)
        .map(|dataset| Comparison::new(dataset, &datasets[0], plan.confidence))
        .collect();
    Ok((datasets, comparisons))
}

/// Prints the samples, ministat's block, a summary and the verdict in words.
pub fn print(
    out: &mut dyn Write,
    environment: &Environment,
    plan: &Plan,
    outcomes: &[Outcome],
) -> Result<()> {
    environment.write(out)?;
    for (tracker, outcome) in plan.trackers.iter().zip(outcomes) {
        writeln!(out, "\ntracker:{tracker}")?;
        writeln!(out, "testcase:{}", plan.testcase)?;
        writeln!(out, "measurement")?;
        for sample in &outcome.samples {
            sample.write(out, false)?;
        }
        writeln!(out, "average:{}", average(&outcome.samples))?;
    }
    let (datasets, comparisons) = judge(plan, outcomes)?;
    let options = Options {
        confidence: plan.confidence,
        ..Options::default()
    };
    writeln!(out, "\n{}", ministat::report(&datasets, &options)?)?;
    let rows = summary::rows(plan, outcomes, &comparisons)?;
    writeln!(out, "{}\n", summary::table(&rows, plan.confidence))?;
    for comparison in &comparisons {
        writeln!(
            out,
            "{}",
            comparison.sentence(plan.confidence, plan.samples)
        )?;
    }
    writeln!(out, "{CAVEAT}")?;
    out.flush()?;
    Ok(())
}

/// Prints what was hooked, and what of the times is none of the trackers'.
pub fn print_hook(out: &mut dyn Write, target: &Target, cost: Option<&HookCost>) -> io::Result<()> {
    writeln!(out, "{target}")?;
    writeln!(out, "{}", calibration::describe(cost))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::fake::FakeObserver;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use crate::progress::Silent;
    use crate::sysfs::TrackerGuard;

    fn plan(trackers: &[&str]) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            testcase: "Delayed invalidation start/finish".into(),
            warmup: 1,
            samples: 3,
            interval: Duration::from_secs(1),
            confidence: Confidence::P95,
        }
    }

    fn pool_and_trackers() -> (FakePool, std::rc::Rc<FakeTrackers>) {
        let trackers = FakeTrackers::new("spin");
        let mut pool = FakePool::new(&[1000, 3000]);
        pool.trackers = Some(trackers.clone());
        (pool, trackers)
    }

    fn take(pool: &mut FakePool, trackers: &FakeTrackers, plan: &Plan) -> Result<Vec<Outcome>> {
        let observer = FakeObserver::default();
        measure(pool, trackers, &observer, plan, &mut Silent)
    }

    fn selected(trackers: &FakeTrackers) -> Vec<String> {
        let events = trackers.events.borrow();
        let names = events.iter().filter_map(|event| match event {
            Event::Select(name) => Some(name.clone()),
            _ => None,
        });
        names.collect()
    }

    #[test]
    fn rounds_alternate_their_order() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["none", "mutex", "epoch"]);
        take(&mut pool, &trackers, &plan).unwrap();
        let forward = ["none", "mutex", "epoch"];
        let backward = ["epoch", "mutex", "none"];
        let expected = [forward, backward, forward, backward].concat();
        assert_eq!(selected(&trackers), expected);
    }

    #[test]
    fn trackers_change_under_load() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        take(&mut pool, &trackers, &plan).unwrap();
        let events = trackers.events.borrow();
        let [Event::Start, selects @ .., Event::Stop] = &events[..] else {
            panic!("the workers were not started once: {events:?}");
        };
        assert_eq!(selects.len(), 8);
        assert!(
            selects
                .iter()
                .all(|event| matches!(event, Event::Select(_)))
        );
    }

    #[test]
    fn only_samples_that_count_are_observed() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        let outcomes = take(&mut pool, &trackers, &plan).unwrap();
        for outcome in outcomes {
            assert_eq!(outcome.observation.counters.waits, 3);
        }
    }

    #[test]
    fn samples_go_to_their_tracker() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        let outcomes = take(&mut pool, &trackers, &plan).unwrap();
        let totals = |outcome: &Outcome| -> Vec<u64> {
            outcome.samples.iter().map(|sample| sample.total).collect()
        };
        assert_eq!(totals(&outcomes[0]), [2000; 3]);
        assert_eq!(totals(&outcomes[1]), [4000; 3]);
        assert_eq!(outcomes[0].warmup.len(), 1);
    }

    #[test]
    fn the_tracker_is_put_back_after_a_failure() {
        let (mut pool, trackers) = pool_and_trackers();
        pool.fail_at_wait = Some((5, crate::error::Interrupted.into()));
        let guard = TrackerGuard::new(&*trackers).unwrap();
        let plan = plan(&["mutex", "epoch"]);
        let error = take(&mut pool, &trackers, &plan).unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
        pool.shut_down().unwrap();
        guard.restore().unwrap();
        assert_eq!(trackers.current().unwrap(), "spin");
    }

    fn environment() -> Environment {
        Environment {
            kernel: "7.3".into(),
            module_tracker: Some("none".into()),
            online_cpus: 8,
            cpu_model: "A CPU".into(),
            machine: "bare metal".into(),
            clock_source: "tsc".into(),
            date: Some("2026-11-22T08:00:00Z".into()),
        }
    }

    #[test]
    fn the_report_ends_with_the_verdict() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        let outcomes = take(&mut pool, &trackers, &plan).unwrap();
        let mut out = Vec::new();
        print(&mut out, &environment(), &plan, &outcomes).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = [
            "kernel:      7.3",
            "module:      epoch_bench, tracker none",
            "cpus:        8 online, A CPU",
            "machine:     bare metal",
            "clocksource: tsc",
            "date:        2026-11-22T08:00:00Z",
            "",
            "tracker:mutex",
            "testcase:Delayed invalidation start/finish",
            "measurement",
            "min:500 max:1500 total:2000",
            "min:500 max:1500 total:2000",
            "min:500 max:1500 total:2000",
            "average:2000",
            "",
            "tracker:epoch",
            "testcase:Delayed invalidation start/finish",
            "measurement",
            "min:1000 max:3000 total:4000",
            "min:1000 max:3000 total:4000",
            "min:1000 max:3000 total:4000",
            "average:4000",
            "",
            "x mutex",
            "+ epoch",
        ];
        assert_eq!(
            text.lines().take(expected.len()).collect::<Vec<_>>(),
            expected
        );
        let end = "\
            Difference at 95.0% confidence\n\
            \t2000 +/- 0\n\
            \t100% +/- 0%\n\
            \t(Student's t, pooled s = 0)\n\
            \n\
            tracker  average    95%  ratio       95%  verdict   waits  wait p50    p90    p99  \
            p99.9    max\n\
            mutex       2000  +/- 0  1.00x            baseline      3     10 ns  10 ns  10 ns  \
            10 ns  10 ns\n\
            epoch       4000  +/- 0  2.00x  +/- 0.00  proven        3     10 ns  10 ns  10 ns  \
            10 ns  10 ns\n\
            \n\
            epoch is 2.00x mutex (+100.00% +/- 0.00%), difference proven at 95% confidence \
            (Student's t, N=3 each)\n\
            These trackers are load added for the comparison: Linux itself has no global \
            delayed-invalidation lock.\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_tracker_that_did_nothing_is_no_result() {
        let trackers = FakeTrackers::new("none");
        let mut pool = FakePool::new(&[0]);
        let plan = plan(&["none", "none"]);
        let outcomes = take(&mut pool, &trackers, &plan).unwrap();
        assert!(judge(&plan, &outcomes).is_err());
    }
}
