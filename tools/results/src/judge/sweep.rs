// SPDX-License-Identifier: MIT OR Apache-2.0

//! Scaling of each tracker of a sweep, and what is left to measure.

use anyhow::{Result, bail, ensure};
use host::environment::Environment;
use ministat::Confidence;

use super::comparison::{Stopping, complete, dataset};
use super::usl::Mean;
use crate::record::{Comparison, Model, SweepReport, TrackerReport};

/// Results of one tracker, from the least tasks to the most.
#[derive(Debug)]
pub struct Curve<'a> {
    /// Name of the tracker.
    pub tracker: &'a str,
    /// Results for each number of tasks; at least one.
    pub points: Vec<(usize, &'a TrackerReport)>,
}

/// Reads a sweep, and adds the results of tests that are younger than the file.
pub fn sweep(json: &[u8]) -> Result<SweepReport> {
    let mut report = SweepReport::read(json)?;
    let confidence = report.confidence()?;
    for point in &mut report.points {
        complete(
            &point.trackers,
            &mut point.comparisons,
            confidence,
            Stopping::Fixed,
        );
    }
    Ok(report)
}

/// Where a tracker does most.
#[derive(Clone, Debug, PartialEq)]
pub struct Highest {
    /// Number of tasks with the highest mean.
    pub tasks: usize,
    /// The highest mean.
    pub mean: f64,
    /// Half the width of the mean's confidence interval.
    pub mean_error: f64,
    /// Other numbers of tasks that are not proven to do less.
    pub equals: Vec<usize>,
    /// The most tasks, the share of the highest mean that they do in percent, and half the width of
    /// its confidence interval; `None` if they do most.
    pub last: Option<(usize, f64, f64)>,
}

impl<'a> Curve<'a> {
    /// Returns the means that the Universal Scalability Law is fitted to.
    pub fn means(&self) -> Vec<Mean> {
        let points = self.points.iter();
        points
            .map(|(tasks, report)| Mean {
                tasks: *tasks as f64,
                mean: report.statistics.mean,
            })
            .collect()
    }

    /// Returns the point with the highest mean.
    pub fn peak(&self) -> Option<(usize, &'a TrackerReport)> {
        let mean = |report: &TrackerReport| report.statistics.mean;
        let points = self.points.iter().copied();
        points.max_by(|(_, one), (_, other)| mean(one).total_cmp(&mean(other)))
    }

    /// Returns what is proven of the highest mean; `None` without points.
    pub fn highest(&self, confidence: Confidence) -> Result<Option<Highest>> {
        let (Some((at, best)), Some(&(end, last))) = (self.peak(), self.points.last()) else {
            return Ok(None);
        };
        let peak = dataset("peak", &best.samples)?;
        let compared = |report: &TrackerReport| -> Result<Comparison> {
            let here = dataset("here", &report.samples)?;
            Ok(Comparison::new(&here, &peak, confidence))
        };
        let mut equals = Vec::new();
        for (tasks, report) in &self.points {
            if *tasks != at && !compared(report)?.proven {
                equals.push(*tasks);
            }
        }
        let last = if end == at {
            None
        } else {
            let change = compared(last)?;
            Some((end, 100.0 + change.percent, change.percent_error))
        };
        Ok(Some(Highest {
            tasks: at,
            mean: best.statistics.mean,
            mean_error: best.statistics.mean_error(confidence),
            equals,
            last,
        }))
    }
}

impl SweepReport {
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

    /// Fits the Universal Scalability Law to the curves.
    pub fn fit(&mut self) -> Result<()> {
        let confidence = self.confidence()?;
        let curves = self.curves();
        let models = curves.iter().map(|curve| Model::of(curve, confidence));
        self.usl = models.flatten().collect();
        Ok(())
    }

    /// Returns the numbers of tasks that have not been measured.
    pub fn missing(&self) -> Vec<usize> {
        let asked = self.settings.iter().flat_map(|settings| &settings.tasks);
        let measured = |tasks: &usize| {
            let mut points = self.points.iter();
            points.any(|point| point.workload.tasks == *tasks)
        };
        asked.copied().filter(|tasks| !measured(tasks)).collect()
    }

    /// Refuses to combine results of different machines, kernels or trackers into one curve.
    pub fn check_place(&self, now: &Environment, trackers: &[String]) -> Result<()> {
        let before = &self.environment;
        for (what, before, now) in [
            ("kernel", &before.kernel, &now.kernel),
            (
                "number of CPUs",
                &before.online_cpus.to_string(),
                &now.online_cpus.to_string(),
            ),
            ("CPU", &before.cpu_model, &now.cpu_model),
            ("machine", &before.machine, &now.machine),
        ] {
            ensure!(
                before == now,
                "the {what} was {before} when the sweep began, and is {now}: resume it where it \
                 began, or start again with --json"
            );
        }
        for point in &self.points {
            let measured = point.trackers.iter().map(|report| &report.tracker);
            if !measured.eq(trackers) {
                bail!(
                    "the trackers are not those that the sweep began with, but {}: load the same \
                     module, or start again with --json",
                    trackers.join(", ")
                );
            }
        }
        Ok(())
    }
}
