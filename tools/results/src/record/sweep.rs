// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sweeps: trackers measured over a range of tasks.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use epoch_device::hook::Target;
use host::environment::Environment;
use ministat::{Confidence, MIN_POINTS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Comparison, Options, TrackerReport, Workload, expect_schema};

/// `epoch-bench/sweep/1`: several trackers, each with several numbers of tasks.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct SweepReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/sweep/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// Settings of the sweep; absent in files of the first versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Times at which the sweep was resumed after an interruption, in UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
    /// Confidence of the intervals, in percent.
    pub confidence_percent: f64,
    /// The hooked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// Results for each number of tasks, ascending, with the same trackers. After an interruption,
    /// not all that `settings` asks for.
    pub points: Vec<Point>,
    /// Universal Scalability Law of each tracker, where it could be fitted: a model, not a
    /// measurement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usl: Vec<Model>,
}

/// Results with one number of tasks.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Point {
    /// The measured workload.
    pub workload: Workload,
    /// The trackers as named on the command line, the baseline first.
    pub trackers: Vec<TrackerReport>,
    /// Each tracker but the baseline against the baseline, in the same order.
    pub comparisons: Vec<Comparison>,
}

/// Settings of a sweep, saved so that another run can resume it. Fields have the names of their
/// options.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Settings {
    /// Numbers of tasks, ascending, each once.
    pub tasks: Vec<usize>,
    /// Trackers as named on the command line; `all` for all.
    pub trackers: Vec<String>,
    /// Warmup samples of each tracker, which do not count.
    pub warmup: u32,
    /// Samples of each tracker that count.
    pub samples: u32,
    /// Options of the measurement.
    #[serde(flatten)]
    pub measure: Options,
}

/// The Universal Scalability Law as fitted to the samples of a tracker: a model, not a
/// measurement.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Model {
    /// The tracker.
    pub tracker: String,
    /// Iterations of a single task a second.
    pub lambda: Estimate,
    /// Contention: the share of the time that only one task can have.
    pub sigma: Estimate,
    /// Coherency: the cost of each pair of tasks.
    pub kappa: Estimate,
    /// Number of tasks with the highest throughput.
    pub peak: Peak,
    /// Share of the samples' variance that the model explains.
    pub r_squared: f64,
    /// Largest distance of the model from a mean, as a share of the highest mean.
    pub deviation: f64,
}

/// A parameter, and its confidence interval.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Estimate {
    /// Best fit.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// A number of tasks, and its confidence interval; null where there is no peak, since more tasks
/// always do more.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Peak {
    /// Best fit.
    pub tasks: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

impl SweepReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/sweep/1";

    /// Reads a file that [`write()`](super::write()) wrote, complete or not.
    pub fn read(json: &[u8]) -> Result<Self> {
        expect_schema(json, Self::SCHEMA)?;
        let report: Self = serde_json::from_slice(json)?;
        report.confidence()?;
        report.check_points()?;
        Ok(report)
    }

    fn check_points(&self) -> Result<()> {
        let Some(first) = self.points.first() else {
            bail!("it has no points");
        };
        let names = |point: &Point| -> Vec<String> {
            let trackers = point.trackers.iter();
            trackers.map(|report| report.tracker.clone()).collect()
        };
        let tasks = |point: &Point| point.workload.tasks;
        ensure!(
            self.points
                .is_sorted_by(|one, other| tasks(one) < tasks(other)),
            "its points are not in the order of their tasks"
        );
        for point in &self.points {
            let tasks = tasks(point);
            ensure!(
                names(point) == names(first) && !point.trackers.is_empty(),
                "it has other trackers with {tasks} tasks"
            );
            for report in &point.trackers {
                ensure!(
                    report.samples.len() >= MIN_POINTS,
                    "tracker {} has {} samples with {tasks} tasks",
                    report.tracker,
                    report.samples.len()
                );
            }
        }
        Ok(())
    }

    /// Returns the number of samples of each tracker with each number of tasks, or `None` if it
    /// varies.
    pub fn samples(&self) -> Option<usize> {
        let reports = self.points.iter().flat_map(|point| &point.trackers);
        let mut counts = reports.map(|report| report.samples.len());
        let first = counts.next()?;
        counts.all(|count| count == first).then_some(first)
    }

    /// Returns the confidence of the intervals.
    pub fn confidence(&self) -> Result<Confidence> {
        Ok(self.confidence_percent.to_string().parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{example_sweep as example, sweep as report};

    #[test]
    fn a_sweep_survives_being_saved() {
        let saved = serde_json::to_string(&example()).unwrap();
        let read = SweepReport::read(saved.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), saved);
    }

    #[test]
    fn files_that_are_no_sweep_are_refused() {
        let refused = |report: &SweepReport, why: &str| {
            let saved = serde_json::to_vec(report).unwrap();
            let error = SweepReport::read(&saved).unwrap_err();
            assert!(format!("{error:#}").contains(why), "{error:#}");
        };
        refused(&report(&[]), "no points");
        let mut other = example();
        other.schema = "epoch-bench/compare/1".into();
        refused(&other, "it holds epoch-bench/compare/1");
        let mut other = example();
        other.points.swap(0, 1);
        refused(&other, "not in the order");
        let mut other = example();
        other.points[2].trackers.pop();
        refused(&other, "other trackers with 4 tasks");
        let mut other = example();
        other.points[3].trackers[1].samples.pop();
        refused(&other, "tracker epoch has 2 samples with 8 tasks");
        let error = SweepReport::read(b"{\"schema\"").unwrap_err();
        assert!(error.to_string().contains("not one of"), "{error}");
    }
}
