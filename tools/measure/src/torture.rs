// SPDX-License-Identifier: MIT OR Apache-2.0

//! Torture test: blocks and waits for the module's verifier.

use std::time::Duration;

use anyhow::{Context, Result};
use epoch_device::observe::{Observation, Observer};
use epoch_device::sysfs::TrackerControl;

use crate::pool::Pool;

/// Plan of a torture test.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Trackers to torture.
    pub trackers: Vec<String>,
    /// Duration for each tracker; with `switch`, for all together.
    pub duration: Duration,
    /// Time after which the workers switch to the next tracker, instead of one tracker after the
    /// other.
    pub switch: Option<Duration>,
}

/// Result of a tracker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of blocks that were opened.
    pub blocks: u64,
    /// Statistics of the tracker.
    pub observation: Observation,
}

/// Runs the workers. The result is in the order of `plan.trackers`.
///
/// The workers run all the time, and switch from one tracker to the next. `begins` is called with
/// the name of each tracker when its time begins, or once with all names if `plan.switch` is set.
pub fn run(
    pool: &mut dyn Pool,
    control: &dyn TrackerControl,
    observer: &dyn Observer,
    plan: &Plan,
    mut begins: impl FnMut(&str),
) -> Result<Vec<Outcome>> {
    let observe = || -> Result<Vec<Observation>> {
        let trackers = plan.trackers.iter();
        trackers.map(|tracker| observer.observe(tracker)).collect()
    };
    let mut blocks = vec![0; plan.trackers.len()];
    let before = observe()?;
    pool.start()?;
    let (mut done, mut now_ns) = progress(pool)?;
    let mut spend = |index: usize, slice: Duration, pool: &mut dyn Pool| -> Result<Duration> {
        control.select(&plan.trackers[index])?;
        pool.wait(slice)?;
        let (done_now, later_ns) = progress(pool)?;
        // Blocks that were opened during the switch are counted, too.
        blocks[index] += done_now.saturating_sub(done);
        let took = Duration::from_nanos(later_ns.saturating_sub(now_ns));
        (done, now_ns) = (done_now, later_ns);
        Ok(took)
    };
    match plan.switch {
        None => {
            for (index, tracker) in plan.trackers.iter().enumerate() {
                begins(tracker);
                spend(index, plan.duration, pool)?;
            }
        }
        Some(slice) => {
            begins(&plan.trackers.join(", "));
            let mut left = plan.duration;
            for index in (0..plan.trackers.len()).cycle() {
                left = left.saturating_sub(spend(index, slice.min(left), pool)?);
                if left.is_zero() {
                    break;
                }
            }
        }
    }
    pool.stop()?;
    // Only at the end: a wait is judged when it is over, perhaps after its tracker's time.
    let after = observe()?;
    let observations = after.iter().zip(&before).map(|(a, b)| a.since(b));
    let outcomes = blocks.iter().zip(observations);
    Ok(outcomes
        .map(|(&blocks, observation)| Outcome {
            blocks,
            observation,
        })
        .collect())
}

/// Returns the iterations of all workers together, and the time of the last reading.
fn progress(pool: &mut dyn Pool) -> Result<(u64, u64)> {
    let readings = pool.read()?;
    let last = readings.last().context("there are no workers")?;
    let done = readings.iter().map(|reading| reading.iterations).sum();
    Ok((done, last.timestamp_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::fake::{Event, FakePool, FakeTrackers};
    use epoch_device::observe::fake::FakeObserver;

    fn torture(trackers: &[&str], switch: Option<Duration>) -> (Vec<Outcome>, Vec<Event>) {
        let fake = FakeTrackers::new("none");
        let mut pool = FakePool::new(&[100, 300]);
        pool.trackers = Some(fake.clone());
        let plan = plan(trackers, switch);
        let observer = FakeObserver::default();
        let outcomes = run(&mut pool, &*fake, &observer, &plan, |_| {}).unwrap();
        (outcomes, fake.events.take())
    }

    fn plan(trackers: &[&str], switch: Option<Duration>) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            duration: Duration::from_secs(10),
            switch,
        }
    }

    #[test]
    fn one_comes_after_the_other() {
        let (outcomes, events) = torture(&["spin", "epoch"], None);
        let select = |name: &str| Event::Select(name.into());
        let expected = [Event::Start, select("spin"), select("epoch"), Event::Stop];
        assert_eq!(events, expected);
        for outcome in outcomes {
            assert_eq!(outcome.blocks, 4000);
            assert_eq!(outcome.observation.counters.waits, 1);
        }
    }

    #[test]
    fn or_they_take_turns_under_load() {
        let (outcomes, events) = torture(&["spin", "epoch"], Some(Duration::from_secs(4)));
        let blocks: Vec<_> = outcomes.iter().map(|outcome| outcome.blocks).collect();
        assert_eq!(blocks, [2400, 1600]);
        assert_eq!(events.len(), 5);
    }
}
