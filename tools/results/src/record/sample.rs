// SPDX-License-Identifier: MIT OR Apache-2.0

//! A sample: iterations of the workers in an interval, per second.

use anyhow::{Context, Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NS_PER_SECOND: u128 = 1_000_000_000;

/// Progress of a worker at a moment of `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Iterations completed in the current run.
    pub iterations: u64,
    /// Time of the reading.
    pub timestamp_ns: u64,
}

/// Iterations of one worker in an interval.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct TaskSample {
    /// Iterations completed in the interval.
    pub iterations: u64,
    /// The worker's own interval, by the clock.
    pub interval_ns: u64,
    /// `iterations` per second of `interval_ns`, rounded.
    pub per_second: u64,
}

impl TaskSample {
    fn between(before: Reading, after: Reading) -> Option<Self> {
        let iterations = after.iterations.checked_sub(before.iterations)?;
        let interval_ns = after.timestamp_ns.checked_sub(before.timestamp_ns)?;
        if interval_ns == 0 {
            return None;
        }
        let interval = u128::from(interval_ns);
        let per_second = (u128::from(iterations) * NS_PER_SECOND + interval / 2) / interval;
        Some(Self {
            iterations,
            interval_ns,
            per_second: u64::try_from(per_second).ok()?,
        })
    }
}

/// Iterations of all workers in an interval.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Least iterations per second of a task.
    pub min: u64,
    /// Most iterations per second of a task.
    pub max: u64,
    /// Iterations per second of all tasks together.
    pub total: u64,
    /// The tasks in their order.
    pub tasks: Vec<TaskSample>,
}

impl Sample {
    /// Computes the sample between two readings of all workers.
    pub fn between(before: &[Reading], after: &[Reading]) -> Result<Self> {
        let mut tasks = Vec::with_capacity(after.len());
        for (task, (&before, &after)) in before.iter().zip(after).enumerate() {
            let sample = TaskSample::between(before, after).with_context(|| {
                format!("the counters of task {task} went backwards: see the kernel log ('dmesg')")
            })?;
            tasks.push(sample);
        }
        let per_second = || tasks.iter().map(|task| task.per_second);
        let (Some(min), Some(max)) = (per_second().min(), per_second().max()) else {
            bail!("a sample needs at least one task");
        };
        Ok(Self {
            min,
            max,
            total: per_second().sum(),
            tasks,
        })
    }
}

/// Returns the average of the totals as will-it-scale prints it, without a fraction.
pub fn average(samples: &[Sample]) -> u64 {
    let sum: u128 = samples.iter().map(|sample| u128::from(sample.total)).sum();
    let average = sum / (samples.len() as u128).max(1);
    u64::try_from(average).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(iterations: u64, timestamp_ns: u64) -> Reading {
        Reading {
            iterations,
            timestamp_ns,
        }
    }

    #[test]
    fn each_task_is_normalised_by_its_own_interval() {
        let before = [at(100, 0), at(0, 500), at(7, 1)];
        let after = [
            at(300, 2_000_000_000),
            at(300, 500_000_500),
            at(7, 1_000_000_001),
        ];
        let sample = Sample::between(&before, &after).unwrap();
        let per_second: Vec<_> = sample.tasks.iter().map(|task| task.per_second).collect();
        assert_eq!(per_second, [100, 600, 0]);
        assert_eq!((sample.min, sample.max, sample.total), (0, 600, 700));
        assert_eq!(sample.tasks[0].iterations, 200);
        assert_eq!(sample.tasks[1].interval_ns, 500_000_000);
    }

    #[test]
    fn counters_that_go_backwards_are_an_error() {
        assert!(Sample::between(&[at(2, 0)], &[at(1, 9)]).is_err());
        assert!(Sample::between(&[at(2, 9)], &[at(3, 9)]).is_err());
        assert!(Sample::between(&[], &[]).is_err());
    }

    #[test]
    fn the_average_drops_the_fraction() {
        let sample = |total| Sample {
            min: 0,
            max: 0,
            total,
            tasks: Vec::new(),
        };
        let totals = [1005918, 1006319, 1009119, 1013143, 1009155];
        assert_eq!(average(&totals.map(sample)), 1008730);
    }
}
