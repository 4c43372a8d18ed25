// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measurement of several trackers with interleaved samples.

use std::time::Duration;

use anyhow::Result;
use epoch_device::observe::{Observation, Observed, Observer};
use epoch_device::sysfs::TrackerControl;
use epoch_results::judge::{self, Stopping};
use epoch_results::record::{ActivityPerIteration, Sample, Statistics, TrackerReport};
use host::activity::{ActivityMeter, SystemActivity};
use ministat::Confidence;

use crate::pool::Pool;
use crate::progress::Progress;
use crate::sampling;
use crate::watch::{self, RETAKES, Watch};

/// Parameters of a comparison.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names of the trackers; the first is the baseline.
    pub trackers: Vec<String>,
    /// Testcase that the workers run, as will-it-scale prints it.
    pub testcase: String,
    /// Warmup samples of each tracker, which do not count.
    pub warmup: usize,
    /// Samples of each tracker that count; the most of them, with `until_percent`.
    pub samples: usize,
    /// Precision of the ratios, in percent, at which to stop.
    pub until_percent: Option<f64>,
    /// Length of each sample.
    pub interval: Duration,
    /// Confidence that a difference must reach.
    pub confidence: Confidence,
}

/// Fewest samples after which a measurement may stop because it is precise enough.
pub const FEWEST: usize = 10;

impl Plan {
    /// Returns what ends the measurement.
    pub fn stopping(&self) -> Stopping {
        match self.until_percent {
            Some(_) => Stopping::Precise,
            None => Stopping::Fixed,
        }
    }

    /// Returns how long the workers run with another tracker before a sample starts, for caches,
    /// queues and the scheduler to adapt.
    pub fn settle(&self) -> Duration {
        self.interval / 10
    }

    /// Returns the trackers' numbers in the order of their samples in this round.
    ///
    /// Every other round is reversed, so that a steady drift affects all trackers alike.
    pub fn order(&self, round: usize) -> Vec<usize> {
        let forward = 0..self.trackers.len();
        if round % 2 == 0 {
            forward.collect()
        } else {
            forward.rev().collect()
        }
    }
}

/// Samples of one tracker.
#[derive(Debug)]
pub struct Outcome {
    /// Warmup samples, which do not count.
    pub warmup: Vec<Sample>,
    /// Samples that count.
    pub samples: Vec<Sample>,
    /// Statistics of the tracker during the samples that count.
    pub observation: Observation,
    /// Activity of the whole machine during the samples that count; `None` without such a sample.
    pub activity: Option<SystemActivity>,
}

impl Outcome {
    /// Returns the record of a tracker.
    pub fn report(self, tracker: &str, confidence: Confidence) -> Result<TrackerReport> {
        let statistics = Statistics::of(&self.samples);
        let activity = self.activity.as_ref();
        Ok(TrackerReport {
            tracker: tracker.to_owned(),
            warmup: self.warmup,
            mean_error: Some(statistics.mean_error(confidence)),
            statistics,
            warnings: judge::warnings(&self.samples),
            activity: activity.and_then(|of| ActivityPerIteration::of(of, &self.samples)),
            samples: self.samples,
            observed: Some(Observed::new(&self.observation)?),
        })
    }
}

/// Returns the records of all trackers of a plan.
pub fn reports(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Vec<TrackerReport>> {
    let outcomes = plan.trackers.iter().zip(outcomes);
    outcomes
        .map(|(tracker, outcome)| outcome.report(tracker, plan.confidence))
        .collect()
}

/// Takes all samples. The result is in the order of `plan.trackers`.
pub fn measure(
    pool: &mut dyn Pool,
    control: &dyn TrackerControl,
    observer: &dyn Observer,
    meter: &dyn ActivityMeter,
    plan: &Plan,
    progress: &mut dyn Progress,
    watch: &dyn Watch,
) -> Result<Vec<Outcome>> {
    let turns = Turns {
        plan,
        watch,
        retakes: RETAKES,
    };
    let taken = turns.take(pool, Some(control), progress, |pool, index| {
        let tracker = &plan.trackers[index];
        let before = observer.observe(tracker)?;
        // Innermost, because its counts are divided by those of the sample.
        let activity_before = meter.read();
        let sample = sampling::take(pool, plan.interval)?;
        let activity = meter.read().since(&activity_before);
        let after = observer.observe(tracker)?;
        Ok((sample, (after.since(&before), activity)))
    })?;
    let outcome = |mut warmup: Vec<(Sample, (Observation, SystemActivity))>| {
        let mut observation = Observation::default();
        let mut activities = Vec::with_capacity(plan.samples);
        let samples = warmup.split_off(plan.warmup).into_iter();
        Outcome {
            samples: samples
                .map(|(sample, (observed, activity))| {
                    observation.add(&observed);
                    activities.push(activity);
                    sample
                })
                .collect(),
            warmup: warmup.into_iter().map(|(sample, _)| sample).collect(),
            observation,
            activity: SystemActivity::total(activities),
        }
    };
    Ok(taken.into_iter().map(outcome).collect())
}

/// Interleaved samples of several trackers.
pub struct Turns<'a> {
    /// Trackers, and the number of samples.
    pub plan: &'a Plan,
    /// Checks after each sample that conditions have not changed.
    pub watch: &'a dyn Watch,
    /// Number of times that a round is retaken in which conditions changed.
    pub retakes: usize,
}

impl Turns<'_> {
    /// Calls `take` for each sample, warmup first, with the index of the tracker. Returns the
    /// samples of each tracker. Without `control`, no tracker is selected.
    ///
    /// The workers run all the time, and switch from one tracker to the next. A round in which
    /// conditions changed is discarded and retaken; if they remain changed, that is an error.
    pub fn take<T>(
        &self,
        pool: &mut dyn Pool,
        control: Option<&dyn TrackerControl>,
        progress: &mut dyn Progress,
        mut take: impl FnMut(&mut dyn Pool, usize) -> Result<(Sample, T)>,
    ) -> Result<Vec<Vec<(Sample, T)>>> {
        let plan = self.plan;
        let mut taken: Vec<Vec<_>> = plan.trackers.iter().map(|_| Vec::new()).collect();
        let rounds = plan.warmup + plan.samples;
        pool.start()?;
        for round in 0..rounds {
            let mut left = self.retakes;
            while let Some(changes) =
                self.round(round, &mut taken, pool, control, progress, &mut take)?
            {
                let what = format!("round {} of {rounds}: {changes}", round + 1);
                if left == 0 {
                    return Err(watch::lasting(&what));
                }
                left -= 1;
                progress.note(&format!("{what}: discarded and retaken"));
            }
            progress.round_done(round + 1, rounds);
            if self.is_precise(&taken, progress) {
                break;
            }
        }
        pool.stop()?;
        Ok(taken)
    }

    /// Returns whether the samples are as precise as they are to be.
    fn is_precise<T>(&self, taken: &[Vec<(Sample, T)>], progress: &mut dyn Progress) -> bool {
        let Some(wanted) = self.plan.until_percent else {
            return false;
        };
        let counted = taken.iter().map(|of| of.iter().skip(self.plan.warmup));
        let samples: Vec<Vec<_>> = counted
            .map(|of| of.map(|(sample, _)| sample.clone()).collect())
            .collect();
        let Some((baseline, others)) = samples.split_first() else {
            return false;
        };
        if baseline.len() < FEWEST {
            return false;
        }
        let precision = judge::precision(baseline, others, self.plan.confidence);
        progress.precision(precision, wanted);
        precision.is_some_and(|percent| percent <= wanted)
    }

    /// Takes one sample of each tracker. If conditions have changed, returns the changes and takes
    /// none.
    fn round<T>(
        &self,
        round: usize,
        taken: &mut [Vec<(Sample, T)>],
        pool: &mut dyn Pool,
        control: Option<&dyn TrackerControl>,
        progress: &mut dyn Progress,
        take: &mut impl FnMut(&mut dyn Pool, usize) -> Result<(Sample, T)>,
    ) -> Result<Option<String>> {
        for index in self.plan.order(round) {
            let tracker = &self.plan.trackers[index];
            if let Some(control) = control {
                control.select(tracker)?;
            }
            pool.wait(self.plan.settle())?;
            let (sample, more) = take(pool, index)?;
            let changes = self.watch.changes(Some(tracker))?;
            if !changes.is_empty() {
                for taken in taken {
                    taken.truncate(round);
                }
                return Ok(Some(format!("{tracker}: {}", changes.join("; "))));
            }
            progress.sample_taken(tracker, &sample);
            taken[index].push((sample, more));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use crate::progress::Silent;
    use crate::watch::Unwatched;
    use crate::watch::fake::FakeWatch;
    use epoch_device::observe::fake::FakeObserver;
    use epoch_device::sysfs::TrackerGuard;
    use host::activity::fake::FakeMeter;
    use ministat::Confidence;
    use std::time::Duration;

    fn plan(trackers: &[&str]) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            testcase: "Delayed invalidation start/finish".into(),
            warmup: 1,
            samples: 3,
            until_percent: None,
            interval: Duration::from_secs(1),
            confidence: Confidence::P95,
        }
    }

    #[test]
    fn a_precise_measurement_ends() {
        let fake = FakeTrackers::new("none");
        let mut pool = FakePool::new(&[1000]);
        pool.trackers = Some(fake.clone());
        let plan = Plan {
            samples: 100,
            until_percent: Some(2.0),
            ..plan(&["mutex", "epoch"])
        };
        let outcomes = take(&mut pool, &fake, &plan).unwrap();
        assert_eq!(outcomes[1].samples.len(), FEWEST);
        assert_eq!(outcomes[1].warmup.len(), 1);
        let few = Plan { samples: 5, ..plan };
        let fake = FakeTrackers::new("none");
        pool.trackers = Some(fake.clone());
        assert_eq!(take(&mut pool, &fake, &few).unwrap()[0].samples.len(), 5);
    }

    fn pool_and_trackers() -> (FakePool, std::rc::Rc<FakeTrackers>) {
        let trackers = FakeTrackers::new("spin");
        let mut pool = FakePool::new(&[1000, 3000]);
        pool.trackers = Some(trackers.clone());
        (pool, trackers)
    }

    fn take(pool: &mut FakePool, trackers: &FakeTrackers, plan: &Plan) -> Result<Vec<Outcome>> {
        take_watched(pool, trackers, plan, &Unwatched)
    }

    fn take_watched(
        pool: &mut FakePool,
        trackers: &FakeTrackers,
        plan: &Plan,
        watch: &dyn Watch,
    ) -> Result<Vec<Outcome>> {
        let (observer, meter) = (FakeObserver::default(), FakeMeter::default());
        measure(pool, trackers, &observer, &meter, plan, &mut Silent, watch)
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
            let activity = outcome.activity.unwrap();
            assert_eq!(activity.context_switches, Ok(3 * 1000));
            assert!(activity.instructions.is_err());
        }
    }

    #[test]
    fn a_round_in_which_something_changes_is_taken_again() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        // The second sample of the third round, in which the order is reversed.
        let watch = FakeWatch {
            at: vec![5],
            ..Default::default()
        };
        let outcomes = take_watched(&mut pool, &trackers, &plan, &watch);
        for outcome in outcomes.unwrap() {
            assert_eq!(outcome.samples.len(), 3);
            assert_eq!(outcome.warmup.len(), 1);
            assert_eq!(outcome.observation.counters.waits, 3);
            assert_eq!(outcome.activity.unwrap().context_switches, Ok(3 * 1000));
        }
        // Four rounds, one of them retaken.
        assert_eq!(*watch.looks.borrow(), 10);
    }

    #[test]
    fn a_change_that_lasts_ends_the_comparison() {
        let (mut pool, trackers) = pool_and_trackers();
        let plan = plan(&["mutex", "epoch"]);
        let watch = FakeWatch {
            lasting: Some(3),
            ..Default::default()
        };
        let outcomes = take_watched(&mut pool, &trackers, &plan, &watch);
        let error = outcomes.unwrap_err().to_string();
        assert!(error.contains("round 2 of 4: "), "{error}");
        assert!(error.contains("CPUs online: 0-3, now 0-2"), "{error}");
        assert!(error.contains("no verdict"), "{error}");
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
        pool.fail_at_wait = Some((5, host::error::Interrupted.into()));
        let guard = TrackerGuard::new(&*trackers).unwrap();
        let plan = plan(&["mutex", "epoch"]);
        let error = take(&mut pool, &trackers, &plan).unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
        pool.shut_down().unwrap();
        guard.restore().unwrap();
        assert_eq!(trackers.current().unwrap(), "spin");
    }
}
