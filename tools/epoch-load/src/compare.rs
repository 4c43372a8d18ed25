//! Measuring several trackers, their samples interleaved.

use anyhow::Result;
use epoch_device::observe::{Observation, Observer};
use epoch_device::sysfs::TrackerControl;
use epoch_results::compare::{Outcome, Plan};
use epoch_results::sample::Sample;

use crate::pool::Pool;
use crate::progress::Progress;
use crate::sampling;

/// Takes all samples; the result is in the order of `plan.trackers`.
pub fn measure(
    pool: &mut dyn Pool,
    control: &dyn TrackerControl,
    observer: &dyn Observer,
    plan: &Plan,
    progress: &mut dyn Progress,
) -> Result<Vec<Outcome>> {
    let mut observations = vec![Observation::default(); plan.trackers.len()];
    let samples = in_turns(pool, Some(control), plan, progress, |pool, round, index| {
        let tracker = &plan.trackers[index];
        let before = observer.observe(tracker)?;
        let sample = sampling::take(pool, plan.interval)?;
        let after = observer.observe(tracker)?;
        if round >= plan.warmup {
            observations[index].add(&after.since(&before));
        }
        Ok(sample)
    })?;
    let outcome = |(mut warmup, observation): (Vec<_>, _)| Outcome {
        samples: warmup.split_off(plan.warmup),
        warmup,
        observation,
    };
    Ok(samples.into_iter().zip(observations).map(outcome).collect())
}

/// Has `take` take each sample of the plan, those that do not count first, and
/// tells it the round and the tracker's number. Returns those of each tracker.
/// Without `control`, no tracker is selected.
///
/// The workers run all the time, and go from one tracker over to the next.
pub fn in_turns(
    pool: &mut dyn Pool,
    control: Option<&dyn TrackerControl>,
    plan: &Plan,
    progress: &mut dyn Progress,
    mut take: impl FnMut(&mut dyn Pool, usize, usize) -> Result<Sample>,
) -> Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::new(); plan.trackers.len()];
    let rounds = plan.warmup + plan.samples;
    pool.start()?;
    for round in 0..rounds {
        for index in plan.order(round) {
            let tracker = &plan.trackers[index];
            if let Some(control) = control {
                control.select(tracker)?;
            }
            pool.wait(plan.settle())?;
            let sample = take(pool, round, index)?;
            progress.sample_taken(tracker, &sample);
            samples[index].push(sample);
        }
        progress.round_done(round + 1, rounds);
    }
    pool.stop()?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use crate::progress::Silent;
    use epoch_device::observe::fake::FakeObserver;
    use epoch_device::sysfs::TrackerGuard;
    use ministat::Confidence;
    use std::time::Duration;

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
        pool.fail_at_wait = Some((5, epoch_device::error::Interrupted.into()));
        let guard = TrackerGuard::new(&*trackers).unwrap();
        let plan = plan(&["mutex", "epoch"]);
        let error = take(&mut pool, &trackers, &plan).unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
        pool.shut_down().unwrap();
        guard.restore().unwrap();
        assert_eq!(trackers.current().unwrap(), "spin");
    }
}
