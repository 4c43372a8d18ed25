// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparison of several trackers.

use std::borrow::Cow;

use anyhow::{Result, ensure};
use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use epoch_stats::{Effect, Interval, Warning};
use host::environment::Environment;
use ministat::{Confidence, MIN_POINTS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActivityPerIteration, HookCost, Sample, Workload, expect_schema};

/// Most trackers in one comparison: a plot has that many colours.
pub const MAX_TRACKERS: usize = 9;

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
    /// Precision in percent at which the measurement was to stop; absent if the number of samples was
    /// fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_percent: Option<f64>,
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

/// Statistics of the totals of some samples.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Statistics {
    /// The number of samples.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample; 0 for a single one.
    pub stddev: f64,
    /// Least total.
    pub min: u64,
    /// Greatest total.
    pub max: u64,
    /// Median of the totals.
    pub median: f64,
}

/// Comparison of one tracker with the baseline.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Comparison {
    /// The tracker.
    pub tracker: String,
    /// The baseline.
    pub baseline: String,
    /// The tracker's mean as a multiple of the baseline's.
    pub ratio: f64,
    /// The tracker's mean minus the baseline's.
    pub difference: f64,
    /// Half the width of the confidence interval around `difference`.
    pub difference_error: f64,
    /// `difference` in percent of the baseline's mean.
    pub percent: f64,
    /// Half the width of the confidence interval around `percent`.
    pub percent_error: f64,
    /// Pooled standard deviation of both.
    pub pooled_stddev: f64,
    /// True if Student's t proves a difference.
    pub proven: bool,
    /// Results of other tests; absent in old files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// Tests of two trackers' samples that ministat does not have. Sample `i` of each is from round
/// `i`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Evidence {
    /// Two-sided p-value of Welch's t test, which does not assume that the variances are equal.
    pub welch_p: f64,
    /// Two-sided p-value of the t test of the rounds' differences, which does not assume that the
    /// samples are independent: the preferred test.
    pub paired_p: f64,
    /// `paired_p` adjusted for the number of trackers that are compared with the baseline, by Holm's
    /// procedure; absent if there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired_p_holm: Option<f64>,
    /// True if the paired test proves a difference, adjusted where there are several.
    pub paired_proven: bool,
    /// The ratios that the paired test does not refute, without adjustment (Fieller's interval);
    /// absent if they have no bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired_ratio: Option<Interval>,
    /// Result of the tests for equivalence, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivalence: Option<Equivalence>,
    /// True if Welch's test proves a difference.
    pub welch_proven: bool,
    /// Confidence interval of the tracker's mean as a multiple of the baseline's, by bootstrap of
    /// the rounds; absent with fewer than six samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_interval: Option<Interval>,
    /// Hedges' g; absent if the samples have no spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Warnings on the verdict, in addition to the trackers' own warnings on their samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// Whether a tracker is as fast as the baseline, by two one-sided paired tests.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Equivalence {
    /// Difference in percent of the baseline that counts as none.
    pub within_percent: f64,
    /// P-value, adjusted by Holm's procedure where several trackers are compared.
    pub p: f64,
    /// True if the ratio is proven to be within these bounds.
    pub proven: bool,
}

/// Result of comparing a tracker with itself repeatedly.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FalsePositives {
    /// The tracker.
    pub tracker: String,
    /// Number of comparisons.
    pub comparisons: usize,
    /// Share of comparisons, in percent, expected to call a difference proven.
    pub expected_percent: f64,
    /// Rate of Student's test, as in ministat.
    pub student: Rate,
    /// Rate of Welch's test.
    pub welch: Rate,
    /// Rate of the paired test.
    pub paired: Rate,
    /// Confidence of the rates' intervals, in percent.
    pub confidence_percent: f64,
}

/// Rate at which a test called a difference proven.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Rate {
    /// Number of comparisons that called a difference proven.
    pub proven: usize,
    /// Share of these comparisons, in percent.
    pub percent: f64,
    /// Confidence interval of `percent`, by Clopper and Pearson.
    pub interval: Interval,
}

impl CompareReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/compare/1";

    /// Reads a file that [`write()`](super::write()) wrote.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{activity, counted_samples, published};
    use crate::judge;
    use crate::record::write;
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
        report.trackers[0].warnings = judge::warnings(&report.trackers[0].samples);
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
}
