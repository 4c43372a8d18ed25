// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measurement of one tracker.

use std::time::Duration;

use anyhow::Result;
use epoch_device::observe::{Observation, Observer};
use epoch_results::record::Sample;
use host::activity::{ActivityMeter, SystemActivity};

use crate::pool::Pool;
use crate::sampling;
use crate::watch::{self, RETAKES, Watch};

/// Plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Number of warmup samples, which do not count.
    pub warmup: usize,
    /// Number of samples that count.
    pub samples: usize,
    /// Length of each sample.
    pub interval: Duration,
}

/// The samples of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Warmup samples, which do not count.
    pub warmup: Vec<Sample>,
    /// Samples that count.
    pub samples: Vec<Sample>,
    /// Statistics of the tracker during the samples that count; `None` without a tracker.
    pub observation: Option<Observation>,
    /// Activity of the whole machine during the samples that count.
    pub activity: Option<SystemActivity>,
}

/// Receives the samples while they come in.
pub trait Listener {
    /// Is called before the samples of a part, which is `warmup` or `measurement`.
    fn begin(&mut self, part: &str) -> Result<()>;

    /// Is called after each sample.
    fn sample(&mut self, sample: &Sample) -> Result<()>;
}

/// Runs the workers once.
///
/// The samples follow each other without a gap. `tracker` is the observer and the name of the
/// tracker that it observes. A sample in which conditions changed is discarded and retaken, which
/// is reported to `note`; if they remain changed, that is an error.
pub fn run(
    pool: &mut dyn Pool,
    tracker: Option<(&dyn Observer, &str)>,
    meter: &dyn ActivityMeter,
    plan: &Plan,
    listener: &mut dyn Listener,
    watch: &dyn Watch,
    note: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let name = tracker.map(|(_, name)| name);
    let observe = || {
        let observed = tracker.map(|(observer, name)| observer.observe(name));
        observed.transpose()
    };
    pool.start()?;
    let mut readings = pool.read()?;
    let mut active = meter.read();
    let mut take = |part: &str, count: usize| -> Result<_> {
        listener.begin(part)?;
        let mut samples = Vec::with_capacity(count);
        let mut activities = Vec::with_capacity(count);
        let mut left = RETAKES;
        while samples.len() < count {
            let (sample, end) = sampling::take_since(&readings, pool, plan.interval)?;
            readings = end;
            let before = std::mem::replace(&mut active, meter.read());
            let changes = watch.changes(name)?;
            if !changes.is_empty() {
                let number = samples.len() + 1;
                let what = format!("sample {number} of the {part}: {}", changes.join("; "));
                if left == 0 {
                    return Err(watch::lasting(&what));
                }
                left -= 1;
                note(&format!("{what}: discarded and retaken"));
                continue;
            }
            left = RETAKES;
            listener.sample(&sample)?;
            samples.push(sample);
            activities.push(active.since(&before));
        }
        Ok((samples, activities))
    };
    let (warmup, _) = take("warmup", plan.warmup)?;
    let before = observe()?;
    let (samples, activities) = take("measurement", plan.samples)?;
    let after = observe()?;
    pool.stop()?;
    let observation = after.zip(before);
    Ok(Outcome {
        warmup,
        samples,
        observation: observation.map(|(after, before)| after.since(&before)),
        activity: SystemActivity::total(activities),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::fake::{Event, FakePool};
    use crate::watch::Unwatched;
    use crate::watch::fake::FakeWatch;
    use epoch_device::observe::fake::FakeObserver;
    use host::activity::fake::FakeMeter;

    /// Keeps the names of the parts, and the total of each sample.
    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Listener for Heard {
        fn begin(&mut self, part: &str) -> Result<()> {
            self.0.push(part.into());
            Ok(())
        }

        fn sample(&mut self, sample: &Sample) -> Result<()> {
            self.0.push(sample.total.to_string());
            Ok(())
        }
    }

    fn quietly(
        pool: &mut FakePool,
        tracker: Option<(&dyn Observer, &str)>,
        heard: &mut Heard,
    ) -> Result<Outcome> {
        let meter = FakeMeter::default();
        run(
            pool,
            tracker,
            &meter,
            &plan(),
            heard,
            &Unwatched,
            &mut |_| (),
        )
    }

    fn plan() -> Plan {
        Plan {
            warmup: 6,
            samples: 5,
            interval: Duration::from_millis(1000),
        }
    }

    #[test]
    fn samples_are_heard_as_they_come() {
        let mut pool = FakePool::new(&[100, 250]);
        let mut heard = Heard::default();
        let outcome = quietly(&mut pool, None, &mut heard).unwrap();
        let expected = [
            vec!["warmup"],
            vec!["350"; 6],
            vec!["measurement"],
            vec!["350"; 5],
        ];
        assert_eq!(heard.0, expected.concat());
        assert_eq!((outcome.warmup.len(), outcome.samples.len()), (6, 5));
        assert_eq!(pool.events.first(), Some(&Event::Start));
        assert_eq!(pool.events.last(), Some(&Event::Stop));
    }

    #[test]
    fn a_late_wake_up_does_not_raise_the_rate() {
        let mut pool = FakePool::new(&[1000]);
        pool.lateness = Duration::from_millis(700);
        let outcome = quietly(&mut pool, None, &mut Heard::default()).unwrap();
        for sample in outcome.samples {
            assert_eq!(sample.total, 1000);
            assert_eq!(sample.tasks[0].interval_ns, 1_700_000_000);
            assert_eq!(sample.tasks[0].iterations, 1700);
        }
    }

    #[test]
    fn the_tracker_is_observed_while_samples_count() {
        let mut pool = FakePool::new(&[1000]);
        let observer = FakeObserver::default();
        let tracker = Some((&observer as &dyn Observer, "epoch"));
        let outcome = quietly(&mut pool, tracker, &mut Heard::default()).unwrap();
        assert_eq!(outcome.observation.unwrap().counters.waits, 1);
        assert_eq!(outcome.activity.unwrap().context_switches, Ok(5 * 1000));
    }

    #[test]
    fn a_failing_worker_ends_the_run() {
        let mut pool = FakePool::new(&[1000]);
        pool.fail_at_wait = Some((8, anyhow::anyhow!("task 0 failed")));
        let mut heard = Heard::default();
        let error = quietly(&mut pool, None, &mut heard).unwrap_err();
        assert_eq!(error.to_string(), "task 0 failed");
        assert_eq!(heard.0.last().unwrap(), "1000");
    }

    #[test]
    fn a_sample_in_which_something_changes_is_taken_again() {
        let mut pool = FakePool::new(&[1000]);
        let mut notes = Vec::new();
        let mut note = |note: &str| notes.push(note.to_owned());
        let watch = FakeWatch {
            at: vec![7],
            ..Default::default()
        };
        let mut heard = Heard::default();
        let outcome = run(
            &mut pool,
            None,
            &FakeMeter::default(),
            &plan(),
            &mut heard,
            &watch,
            &mut note,
        )
        .unwrap();
        assert_eq!((outcome.warmup.len(), outcome.samples.len()), (6, 5));
        // Without the activity of the discarded sample.
        assert_eq!(outcome.activity.unwrap().context_switches, Ok(5 * 1000));
        assert_eq!(heard.0.iter().filter(|of| *of == "1000").count(), 11);
        let [note] = &notes[..] else {
            panic!("{notes:?}");
        };
        assert!(
            note.contains("sample 2 of the measurement: CPUs online"),
            "{note}"
        );
    }

    #[test]
    fn a_change_that_lasts_ends_the_run() {
        let watch = FakeWatch {
            lasting: Some(8),
            ..Default::default()
        };
        let mut heard = Heard::default();
        let mut pool = FakePool::new(&[1000]);
        let error = run(
            &mut pool,
            None,
            &FakeMeter::default(),
            &plan(),
            &mut heard,
            &watch,
            &mut |_| (),
        )
        .unwrap_err();
        assert!(error.to_string().contains("no verdict"), "{error}");
    }
}
