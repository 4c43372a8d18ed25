// SPDX-License-Identifier: MIT OR Apache-2.0

//! Scaling of one tracker.

use anyhow::Result;
use ministat::Confidence;

use crate::json::TrackerReport;
use crate::stats::{self, Comparison};
use crate::usl::Mean;

/// Results of one tracker, from the least tasks to the most.
#[derive(Debug)]
pub struct Curve<'a> {
    /// Name of the tracker.
    pub tracker: &'a str,
    /// Results for each number of tasks; at least one.
    pub points: Vec<(usize, &'a TrackerReport)>,
}

impl<'a> Curve<'a> {
    /// Returns the means that the Universal Scalability Law is fitted to.
    pub fn means(&self) -> Vec<Mean> {
        let points = self.points.iter();
        points
            .map(|(tasks, report)| Mean {
                tasks: *tasks as f64,
                mean: report.statistics.mean,
                samples: report.samples.len(),
            })
            .collect()
    }

    /// Returns the point with the highest mean.
    pub fn peak(&self) -> Option<(usize, &'a TrackerReport)> {
        let mean = |report: &TrackerReport| report.statistics.mean;
        let points = self.points.iter().copied();
        points.max_by(|(_, one), (_, other)| mean(one).total_cmp(&mean(other)))
    }

    /// Describes the peak in a sentence that says what is proven of it.
    pub fn describe_peak(&self, confidence: Confidence) -> Result<String> {
        let details = self.peak_details(confidence)?;
        Ok(format!("{} {details}", self.peak_headline()))
    }

    /// Returns the beginning of the peak's description: `mutex peaks at 2 tasks`.
    pub fn peak_headline(&self) -> String {
        let at = self.peak().map_or(0, |(at, _)| at);
        format!("{} peaks at {}", self.tracker, tasks_in_words(at))
    }

    /// Returns the rest of the peak's description.
    pub fn peak_details(&self, confidence: Confidence) -> Result<String> {
        let (Some((at, best)), Some(&(end, last))) = (self.peak(), self.points.last()) else {
            return Ok(String::new());
        };
        let peak = stats::dataset("peak", &best.samples)?;
        let mut equals = Vec::new();
        for (tasks, report) in &self.points {
            let here = stats::dataset("here", &report.samples)?;
            if *tasks != at && !Comparison::new(&here, &peak, confidence).proven {
                equals.push(tasks.to_string());
            }
        }
        let mut text = format!(
            "with {:.0} +/- {:.0} loops a second",
            best.statistics.mean,
            best.statistics.mean_error(confidence)
        );
        if end == at {
            text += ", the most that were measured: it may rise further";
        } else {
            let end_samples = stats::dataset("end", &last.samples)?;
            let change = Comparison::new(&end_samples, &peak, confidence);
            let (percent, error) = (100.0 + change.percent, change.percent_error);
            text += &format!(", and has {percent:.0}% +/- {error:.0}% of that at {end}");
        }
        if !equals.is_empty() {
            text += &format!("; no difference is proven at {}", equals.join(", "));
        }
        Ok(text)
    }
}

fn tasks_in_words(tasks: usize) -> String {
    match tasks {
        1 => "1 task".into(),
        tasks => format!("{tasks} tasks"),
    }
}
