// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files that `--json` writes and `draw` reads.
//!
//! Every file is one object. `schema` names its form: a change that would break a reader gets
//! another number. All rates are iterations per second, all intervals nanoseconds of
//! `CLOCK_MONOTONIC`. A model, which is not measured, is called a model: the `usl` of a sweep,
//! whose form is [`SweepReport`].
//!
//! [`SweepReport`]: crate::sweep::SweepReport

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use epoch_stats::Warning;
use host::environment::Environment;
use ministat::{Confidence, MIN_POINTS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::{ActivityPerIteration, ActivityRow};
use crate::compare::{self, MAX_TRACKERS, Outcome, Plan};
use crate::evidence;
use crate::false_positives::FalsePositives;
use crate::hook_cost::HookCost;
use crate::sample::Sample;
use crate::stats::{Comparison, Statistics};
use crate::workload::Workload;

/// `epoch-bench/run/1`: measurement of one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct RunReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/run/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// The measured workload.
    pub workload: Workload,
    /// The tracker, or null in user space without the hook, where there is none.
    pub tracker: Option<String>,
    /// Samples before the measurement, not counted.
    pub warmup: Vec<Sample>,
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// Statistics of the samples' totals.
    pub statistics: Statistics,
    /// Statistics of the tracker during the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Activity of the whole machine during the samples, per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityPerIteration>,
    /// The hooked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// Cost of the hook itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_cost: Option<HookCost>,
}

/// `epoch-bench/compare/1`: several trackers, their samples interleaved.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct CompareReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/compare/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// The measured workload.
    pub workload: Workload,
    /// Confidence that a difference must reach, in percent.
    pub confidence_percent: f64,
    /// The trackers as named on the command line, the baseline first.
    pub trackers: Vec<TrackerReport>,
    /// Each tracker but the baseline against the baseline, in the same order.
    pub comparisons: Vec<Comparison>,
    /// Further comparisons, where a tracker is compared with itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeat>,
    /// False positive rates of all comparisons of a tracker with itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_positives: Option<FalsePositives>,
    /// The hooked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// Cost of the hook itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_cost: Option<HookCost>,
}

/// A repetition of a tracker's comparison with itself.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Repeat {
    /// Samples of the tracker, twice.
    pub trackers: Vec<TrackerReport>,
    /// The second set of samples against the first.
    pub comparisons: Vec<Comparison>,
}

/// Samples of one tracker in a comparison.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TrackerReport {
    /// Name of the tracker.
    pub tracker: String,
    /// Samples before the measurement, not counted.
    pub warmup: Vec<Sample>,
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// Statistics of the samples' totals.
    pub statistics: Statistics,
    /// Half the width of the mean's confidence interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_error: Option<f64>,
    /// Statistics of the tracker during the samples that count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Activity of the whole machine during the samples that count, per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityPerIteration>,
    /// Warnings that apply to every verdict on these samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

impl Repeat {
    /// Compares the outcomes of a plan.
    pub fn of(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Self> {
        let trackers = TrackerReport::of(plan, outcomes)?;
        Ok(Self {
            comparisons: compare::judge(&trackers, plan.confidence)?,
            trackers,
        })
    }
}

impl RunReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/run/1";

    /// Reads a file that [`write()`] wrote.
    pub fn read(json: &[u8]) -> Result<Self> {
        expect_schema(json, Self::SCHEMA)?;
        let report: Self = serde_json::from_slice(json)?;
        ensure!(!report.samples.is_empty(), "it has no samples");
        Ok(report)
    }
}

impl TrackerReport {
    /// Returns the reports of all trackers of a plan.
    pub fn of(plan: &Plan, outcomes: Vec<Outcome>) -> Result<Vec<Self>> {
        let trackers = plan.trackers.iter().zip(outcomes);
        trackers
            .map(|(tracker, outcome)| {
                let statistics = Statistics::of(&outcome.samples);
                Ok(Self {
                    tracker: tracker.clone(),
                    warmup: outcome.warmup,
                    mean_error: Some(statistics.mean_error(plan.confidence)),
                    statistics,
                    warnings: evidence::warnings(&outcome.samples),
                    activity: outcome
                        .activity
                        .and_then(|activity| ActivityPerIteration::of(&activity, &outcome.samples)),
                    samples: outcome.samples,
                    observed: Some(Observed::new(&outcome.observation)?),
                })
            })
            .collect()
    }

    /// Returns the mean, and the activity of the whole machine for it.
    pub fn activity_row(&self) -> ActivityRow {
        ActivityRow {
            name: self.tracker.clone(),
            average: self.statistics.mean,
            activity: self.activity.clone(),
        }
    }
}

impl CompareReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/compare/1";

    /// Reads a file that [`write()`] wrote.
    pub fn read(json: &[u8]) -> Result<Self> {
        expect_schema(json, Self::SCHEMA)?;
        let report: Self = serde_json::from_slice(json)?;
        report.confidence()?;
        ensure!(
            (2..=MAX_TRACKERS).contains(&report.trackers.len())
                && report.comparisons.len() + 1 == report.trackers.len(),
            "it has {} trackers and {} comparisons",
            report.trackers.len(),
            report.comparisons.len()
        );
        for TrackerReport {
            tracker, samples, ..
        } in &report.trackers
        {
            ensure!(
                samples.len() >= MIN_POINTS,
                "tracker {tracker} has {} samples",
                samples.len()
            );
        }
        Ok(report)
    }

    /// Returns the confidence that a difference must reach.
    pub fn confidence(&self) -> Result<Confidence> {
        Ok(self.confidence_percent.to_string().parse()?)
    }

    /// Counts how often a tracker was called different from itself, in all comparisons.
    pub fn count_false_positives(&mut self) -> Result<()> {
        let repeats = self.repeats.iter().flat_map(|repeat| &repeat.comparisons);
        let comparisons: Vec<_> = self.comparisons.iter().chain(repeats).cloned().collect();
        self.false_positives = FalsePositives::of(&comparisons, self.confidence()?);
        Ok(())
    }

    /// Returns the verdicts in words, a sentence for each comparison.
    pub fn verdict(&self) -> Result<Vec<String>> {
        let confidence = self.confidence()?;
        let samples = self.trackers[0].samples.len();
        let sentences = self.comparisons.iter();
        Ok(sentences
            .map(|comparison| comparison.sentence(confidence, samples))
            .collect())
    }
}

/// The highest number that a form of files has.
const NEWEST: u32 = 1;

/// Returns the form of a file.
pub fn schema(json: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }

    ensure!(
        !json.starts_with(&[0x1f, 0x8b]),
        "it is compressed: unpack it with gunzip"
    );
    ensure!(
        !json.starts_with(b"\xef\xbb\xbf"),
        "it begins with a byte order mark (BOM), which JSON has none of: remove it"
    );
    let Head { schema } =
        serde_json::from_slice(json).context("it is not one of epoch-bench's files")?;
    ensure!(
        !is_newer(&schema),
        "it holds {schema}, which a newer epoch-bench has written: use that, or one that is newer"
    );
    Ok(schema)
}

/// Returns whether a form of files has a number that no command of this version writes.
fn is_newer(schema: &str) -> bool {
    let number = schema
        .strip_prefix("epoch-bench/")
        .and_then(|rest| rest.split_once('/'));
    number.is_some_and(|(_, number)| number.parse().is_ok_and(|number: u32| number > NEWEST))
}

/// Refuses files of another form.
pub fn expect_schema(json: &[u8], expected: &str) -> Result<()> {
    let schema = schema(json)?;
    ensure!(schema == expected, "it holds {schema}, not {expected}");
    Ok(())
}

/// Writes a report.
pub fn write(out: &mut dyn Write, report: &impl Serialize) -> Result<()> {
    // An error of the file as it is, which serde_json hides.
    serde_json::to_writer_pretty(&mut *out, report).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{activity, counted_samples, published};
    use epoch_device::hook::Calls;
    use epoch_device::observe::Observation;
    use epoch_device::orders::Mix;

    fn json(report: &CompareReport) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_comparison_survives_being_saved() {
        let saved = json(&published());
        let report = CompareReport::read(saved.as_bytes()).unwrap();
        assert_eq!(json(&report), saved);
        let stored = |text: &str| assert!(saved.contains(text), "{saved}");
        stored("\"schema\": \"epoch-bench/compare/1\"");
        stored("\"testcase\": \"mmap1\"");
        stored("\"where\": \"kernel\"");
        stored("\"carrier\": \"processes\"");
    }

    #[test]
    fn observations_survive_being_saved() {
        let mut report = published();
        let mut observation = Observation::default();
        observation.counters.waits = 3;
        observation.calls = Some(Calls { hits: 5, missed: 1 });
        report.trackers[1].observed = Some(Observed::new(&observation).unwrap());
        report.trackers[1].mean_error = Some(2.5);
        report.workload.mix = Some(Mix {
            waiters: 2,
            wait_rate: 0,
        });
        let saved = json(&report);
        let read = CompareReport::read(saved.as_bytes()).unwrap();
        assert_eq!(json(&read), saved);
        let stored = |text: &str| assert!(saved.contains(text), "{saved}");
        stored("\"waiters\": 2");
        stored("\"hits\": 5");
    }

    #[test]
    fn activity_survives_being_saved_and_may_be_absent() {
        let mut report = published();
        assert!(!json(&report).contains("\"activity\""));
        let samples = counted_samples(2, 2, 100);
        report.trackers[1].activity = ActivityPerIteration::of(&activity(), &samples);
        let saved = json(&report);
        let read = CompareReport::read(saved.as_bytes()).unwrap();
        assert_eq!(json(&read), saved);
        assert_eq!(read.trackers[0].activity, None);
        assert_eq!(read.trackers[1].activity, report.trackers[1].activity);
        assert!(saved.contains("\"context_switches\": 2.0"), "{saved}");
    }

    #[test]
    fn repeats_survive_being_saved() {
        let mut report = published();
        let other = published();
        report.repeats.push(Repeat {
            trackers: other.trackers,
            comparisons: other.comparisons,
        });
        report.count_false_positives().unwrap();
        let saved = json(&report);
        let read = CompareReport::read(saved.as_bytes()).unwrap();
        assert_eq!(json(&read), saved);
        let rates = read.false_positives.unwrap();
        assert_eq!((rates.comparisons, rates.paired.proven), (2, 2));
        assert_eq!(read.repeats[0].comparisons, read.comparisons);
    }

    #[test]
    fn warnings_are_named() {
        let mut report = published();
        report.trackers[0].warnings = evidence::warnings(&report.trackers[0].samples);
        let value = serde_json::to_value(report).unwrap();
        let warnings = &value["trackers"][0]["warnings"];
        let expected = serde_json::json!([{"kind": "too-few", "samples": 5}]);
        assert_eq!(*warnings, expected);
    }

    #[test]
    fn a_file_without_evidence_can_be_read() {
        let mut saved = serde_json::to_value(published()).unwrap();
        let comparison = saved["comparisons"][0].as_object_mut().unwrap();
        assert!(comparison.remove("evidence").is_some());
        let report = CompareReport::read(saved.to_string().as_bytes()).unwrap();
        assert_eq!(report.comparisons[0].evidence, None);
        assert_eq!(report.verdict().unwrap().len(), 1);
    }

    #[test]
    fn a_file_without_a_date_can_be_read() {
        let mut saved = serde_json::to_value(published()).unwrap();
        let environment = saved["environment"].as_object_mut().unwrap();
        environment.remove("date");
        let report = CompareReport::read(saved.to_string().as_bytes()).unwrap();
        assert_eq!(report.environment.date, None);
    }

    #[test]
    fn files_that_are_no_comparison_are_refused() {
        let refused = |json: &str, why: &str| {
            let error = CompareReport::read(json.as_bytes()).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(why), "{error}");
        };
        refused("", "not one of epoch-bench's files");
        refused("[]", "not one of epoch-bench's files");
        refused(
            "{\"schema\": \"epoch-bench/run/1\"}",
            "it holds epoch-bench/run/1",
        );
        refused("{\"schema\": \"epoch-bench/compare/1\"}", "missing field");
        let saved = json(&published());
        refused(&saved.replace("mmap1", "mmap9"), "unknown variant `mmap9`");
        refused(
            &saved.replace("\"confidence_percent\": 95", "\"confidence_percent\": 97"),
            "confidence level",
        );
        let mut report = published();
        report.comparisons.clear();
        refused(&json(&report), "2 trackers and 0 comparisons");
        let mut report = published();
        report.trackers[1].samples.clear();
        refused(&json(&report), "tracker epoch has 0 samples");
    }

    #[test]
    fn files_that_cannot_be_read_say_what_to_do() {
        for (file, advice) in [
            (
                &br#"{"schema":"epoch-bench/compare/2"}"#[..],
                "a newer epoch-bench",
            ),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"{}", "not one of epoch-bench's files"),
        ] {
            let error = schema(file).unwrap_err();
            assert!(error.to_string().contains(advice), "{error:#}");
        }
        assert_eq!(schema(br#"{"schema":"other/9"}"#).unwrap(), "other/9");
    }
}
