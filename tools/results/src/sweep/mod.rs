// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sweeps: trackers measured over a range of tasks.

mod curve;
mod resume;
mod settings;

use std::borrow::Cow;
use std::io::Write;

use anyhow::{Result, bail, ensure};
use epoch_device::hook::Target;
use host::environment::Environment;
use ministat::{Confidence, MIN_POINTS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::ActivityRow;
use crate::json::{self, TrackerReport};
use crate::stats::{Comparison, Statistics};
use crate::table::{Align, Table};
use crate::usl::{self, Model};
use crate::workload::Workload;

pub use curve::Curve;
pub use settings::Settings;

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

impl SweepReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/sweep/1";

    /// Reads a file that [`json::write()`] wrote, complete or not.
    pub fn read(json: &[u8]) -> Result<Self> {
        json::expect_schema(json, Self::SCHEMA)?;
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

    /// Returns the curve of each tracker.
    pub fn curves(&self) -> Vec<Curve<'_>> {
        let trackers = self
            .points
            .first()
            .map_or(&[][..], |point| &point.trackers[..]);
        trackers
            .iter()
            .enumerate()
            .map(|(index, report)| Curve {
                tracker: &report.tracker,
                points: self
                    .points
                    .iter()
                    .map(|point| (point.workload.tasks, &point.trackers[index]))
                    .collect(),
            })
            .collect()
    }

    /// Returns the number of samples of each tracker with each number of tasks, or `None` if it
    /// varies.
    pub fn samples(&self) -> Option<usize> {
        let reports = self.points.iter().flat_map(|point| &point.trackers);
        let mut counts = reports.map(|report| report.samples.len());
        let first = counts.next()?;
        counts.all(|count| count == first).then_some(first)
    }

    /// Returns a table with a row for each number of tasks and columns for each tracker.
    pub fn table(&self) -> Result<Table> {
        let confidence = self.confidence()?;
        let mut columns = vec![("tasks".into(), Align::Right)];
        if let Some(point) = self.points.first() {
            for tracker in &point.trackers {
                columns.push((tracker.tracker.clone(), Align::Right));
                columns.push((confidence.to_string(), Align::Right));
            }
        }
        let row = |point: &Point| {
            let mut row = vec![point.workload.tasks.to_string()];
            for TrackerReport { statistics, .. } in &point.trackers {
                row.push(format!("{:.0}", statistics.mean));
                row.push(format!("+/- {:.0}", statistics.mean_error(confidence)));
            }
            row
        };
        let rows = self.points.iter().map(row).collect();
        Ok(Table { columns, rows })
    }

    /// Returns each mean, and the activity of the whole machine for it.
    pub fn activity_rows(&self) -> Vec<ActivityRow> {
        let points = self.points.iter();
        let rows = points.flat_map(
            |Point {
                 workload, trackers, ..
             }| {
                trackers.iter().map(|report| ActivityRow {
                    name: format!("{}, {} tasks", report.tracker, workload.tasks),
                    ..report.activity_row()
                })
            },
        );
        rows.collect()
    }

    /// Describes where each tracker peaks.
    pub fn peaks(&self) -> Result<Vec<String>> {
        let confidence = self.confidence()?;
        let curves = self.curves();
        let sentences = curves.iter();
        sentences
            .map(|curve| curve.describe_peak(confidence))
            .collect()
    }

    /// Fits the Universal Scalability Law to the curves.
    pub fn fit(&mut self) -> Result<()> {
        let confidence = self.confidence()?;
        let curves = self.curves();
        let models = curves.iter().map(|curve| Model::of(curve, confidence));
        self.usl = models.flatten().collect();
        Ok(())
    }

    /// Describes the fitted models, a line for each tracker, and the law itself.
    pub fn models(&self) -> Vec<String> {
        let Some(most) = self.points.last().map(|point| point.workload.tasks) else {
            return Vec::new();
        };
        if self.points.len() < usl::MIN_POINTS {
            return vec![format!(
                "model (USL): {} too few for a fit: name at least {} --tasks",
                numbers_of_tasks(self.points.len()),
                usl::MIN_POINTS
            )];
        }
        let mut lines: Vec<_> = self.usl.iter().map(|model| model.describe(most)).collect();
        lines.push(format!(
            "A model is no measurement: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), \
             the Universal Scalability Law, fitted to all samples; in brackets {}% confidence \
             intervals, by resampling",
            self.confidence_percent
        ));
        lines
    }

    /// Writes a header line, and a line for each tracker and number of tasks.
    pub fn write_csv(&self, out: &mut dyn Write) -> Result<()> {
        #[derive(Serialize)]
        struct Record<'a> {
            tasks: usize,
            tracker: &'a str,
            samples: usize,
            average: f64,
            error: f64,
            stddev: f64,
            min: u64,
            median: f64,
            max: u64,
        }

        let confidence = self.confidence()?;
        let mut csv = csv::Writer::from_writer(out);
        for Point {
            workload, trackers, ..
        } in &self.points
        {
            for report in trackers {
                let error = report.statistics.mean_error(confidence);
                let Statistics {
                    n,
                    mean,
                    stddev,
                    min,
                    max,
                    median,
                } = report.statistics;
                csv.serialize(Record {
                    tasks: workload.tasks,
                    tracker: &report.tracker,
                    samples: n,
                    average: mean,
                    error,
                    stddev,
                    min,
                    median,
                    max,
                })?;
            }
        }
        csv.flush()?;
        Ok(())
    }

    /// Returns the confidence of the intervals.
    pub fn confidence(&self) -> Result<Confidence> {
        Ok(self.confidence_percent.to_string().parse()?)
    }
}

fn numbers_of_tasks(count: usize) -> String {
    match count {
        1 => "1 number of tasks is".into(),
        count => format!("{count} numbers of tasks are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{self, ActivityPerIteration};
    use crate::examples::{self, counted_samples, example_sweep as example, sweep as report};

    #[test]
    fn each_number_of_tasks_has_a_row() {
        let expected = "\
            tasks  mutex    95%  epoch    95%\n\
            \x20   1    101  +/- 2     91  +/- 2\n\
            \x20   2    200  +/- 2    181  +/- 2\n\
            \x20   4    199  +/- 2    360  +/- 2\n\
            \x20   8     50  +/- 2    721  +/- 2";
        assert_eq!(example().table().unwrap().text(), expected);
    }

    #[test]
    fn activity_has_a_row_for_each_mean() {
        let mut report = example();
        assert_eq!(activity::text(&report.activity_rows()), None);
        let samples = counted_samples(2, 2, 100);
        report.points[1].trackers[0].activity =
            ActivityPerIteration::of(&examples::activity(), &samples);
        let text = activity::text(&report.activity_rows()).unwrap();
        assert!(
            text.contains("\nmutex, 2 tasks      200      2.00  "),
            "{text}"
        );
        assert!(
            text.contains("\nepoch, 8 tasks      721         -  "),
            "{text}"
        );
    }

    #[test]
    fn peaks_are_found() {
        let expected = [
            "mutex peaks at 2 tasks with 200 +/- 2 loops a second, and has 25% +/- 1% of that at 8; \
             no difference is proven at 4",
            "epoch peaks at 8 tasks with 721 +/- 2 loops a second, the most that were measured: it \
             may rise further",
        ];
        assert_eq!(example().peaks().unwrap(), expected);
    }

    #[test]
    fn models_are_marked_as_such() {
        let mut report = example();
        report.fit().unwrap();
        let lines = report.models();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].starts_with("model (USL): mutex: lambda "),
            "{lines:?}"
        );
        assert!(
            lines[1].starts_with("model (USL): epoch: lambda "),
            "{lines:?}"
        );
        assert!(
            lines[2].starts_with("A model is no measurement"),
            "{lines:?}"
        );
        let saved = serde_json::to_string(&report).unwrap();
        let mut read = SweepReport::read(saved.as_bytes()).unwrap();
        read.usl.clear();
        read.fit().unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), saved);

        report.points.pop();
        report.fit().unwrap();
        let few = "model (USL): 3 numbers of tasks are too few for a fit: name at least 4 --tasks";
        assert_eq!(report.models(), [few]);
        assert_eq!(report.usl, []);
    }

    #[test]
    fn csv_has_a_line_for_each_tracker_and_number() {
        let mut csv = Vec::new();
        example().write_csv(&mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 9);
        let head = "tasks,tracker,samples,average,error,stddev,min,median,max";
        assert_eq!(lines[0], head);
        assert!(lines[8].starts_with("8,epoch,3,721.0,2.48"), "{}", lines[8]);
    }

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
