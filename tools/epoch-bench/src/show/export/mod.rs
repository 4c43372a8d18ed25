// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results in the formats of other tools.

mod benchfmt;
mod hyperfine;
mod lkp;
mod openmetrics;
mod will_it_scale;

use anyhow::Result;
use epoch_results::record::{
    ActivityPerIteration, Carrier, CompareReport, RunReport, Sample, Statistics, SweepReport,
    TrackerReport, Workload,
};
use host::environment::Environment;

/// A format of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV of runtest.py, for postprocess.py
    WillItScale,
    /// Statistics of the Linux Kernel Performance tests
    Lkp,
    /// Go's benchmark format, for benchstat
    Benchfmt,
    /// JSON of hyperfine, for its scripts
    Hyperfine,
    /// Metrics, for Prometheus
    Openmetrics,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::WillItScale,
        Self::Lkp,
        Self::Benchfmt,
        Self::Hyperfine,
        Self::Openmetrics,
    ];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::WillItScale => "will-it-scale",
            Self::Lkp => "lkp",
            Self::Benchfmt => "benchfmt",
            Self::Hyperfine => "hyperfine",
            Self::Openmetrics => "openmetrics",
        }
    }

    /// Formats results.
    pub fn text(self, results: &Results) -> Result<String> {
        match self {
            Self::WillItScale => will_it_scale::text(results),
            Self::Lkp => Ok(lkp::text(results)),
            Self::Benchfmt => Ok(benchfmt::text(results)),
            Self::Hyperfine => hyperfine::text(results),
            Self::Openmetrics => Ok(openmetrics::text(results)),
        }
    }
}

/// The samples of a saved file.
#[derive(Clone, Debug)]
pub struct Results {
    /// Environment of the measurement.
    pub environment: Environment,
    /// Each tracker with each number of tasks, in the order of the file.
    pub series: Vec<Series>,
}

/// Samples of one tracker with one number of tasks.
#[derive(Clone, Debug)]
pub struct Series {
    /// The tracker, or `none` where there is none.
    pub tracker: String,
    /// The measured workload.
    pub workload: Workload,
    /// The samples that count.
    pub samples: Vec<Sample>,
    /// Statistics of their totals.
    pub statistics: Statistics,
    /// Activity of the whole machine.
    pub activity: Option<ActivityPerIteration>,
}

impl Series {
    fn of(report: TrackerReport, workload: &Workload) -> Self {
        Self {
            tracker: report.tracker,
            workload: workload.clone(),
            samples: report.samples,
            statistics: report.statistics,
            activity: report.activity,
        }
    }

    /// Returns `processes` or `threads`.
    pub fn carrier(&self) -> &'static str {
        match self.workload.carrier {
            Carrier::Processes => "processes",
            Carrier::Threads => "threads",
        }
    }

    /// Returns the seconds that an iteration takes a task, at this rate of all tasks together.
    fn seconds(&self, per_second: f64) -> f64 {
        self.workload.tasks as f64 / per_second
    }
}

impl From<RunReport> for Results {
    fn from(report: RunReport) -> Self {
        Self {
            environment: report.environment,
            series: vec![Series {
                tracker: report.tracker.unwrap_or_else(|| "none".into()),
                workload: report.workload,
                samples: report.samples,
                statistics: report.statistics,
                activity: report.activity,
            }],
        }
    }
}

impl From<CompareReport> for Results {
    fn from(report: CompareReport) -> Self {
        let workload = report.workload;
        let trackers = report.trackers.into_iter();
        Self {
            environment: report.environment,
            series: trackers.map(|of| Series::of(of, &workload)).collect(),
        }
    }
}

impl From<SweepReport> for Results {
    fn from(report: SweepReport) -> Self {
        let points = report.points.into_iter();
        let series = points.flat_map(|point| {
            let trackers = point.trackers.into_iter();
            trackers.map(move |of| Series::of(of, &point.workload))
        });
        Self {
            environment: report.environment,
            series: series.collect(),
        }
    }
}
