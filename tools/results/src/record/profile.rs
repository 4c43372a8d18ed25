// SPDX-License-Identifier: MIT OR Apache-2.0

//! Profiles of kernel time under one tracker or two.

use std::borrow::Cow;
use std::fmt;

use anyhow::{Result, ensure};
use epoch_device::hook::Target;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Workload, expect_schema};

/// `epoch-bench/profile/1`: a profile of one tracker or two. The stacks themselves are in the
/// files named here, relative to the directory of this file.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ProfileReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/profile/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// The profiled workload.
    pub workload: Workload,
    /// The hooked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// The sampled event.
    pub event: EventReport,
    /// Profiles of one tracker or two, in the order of the command line.
    pub trackers: Vec<TrackerProfile>,
    /// Difference between two trackers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// The sampled event.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct EventReport {
    /// Event as named on the command line.
    pub asked: String,
    /// Meaning of the event on this CPU, in words.
    pub meaning: String,
    /// Event that perf used in fact.
    pub used: Source,
    /// Samples a second on each CPU.
    pub frequency_hz: u32,
}

/// Kernel stacks under one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TrackerProfile {
    /// The tracker, or null where there is none: in user space without the hook.
    pub tracker: Option<String>,
    /// Name in files and tables: the tracker's name, numbered if it is the second of that name.
    pub name: String,
    /// Length of sampling in seconds.
    pub seconds: f64,
    /// Number of slices that make up these seconds, interleaved with those of the other tracker.
    pub slices: usize,
    /// Loops a second during sampling, of all tasks together.
    pub rate: u64,
    /// Half the width of the 95% confidence interval of `rate`, from the slices' rates.
    pub rate_error: f64,
    /// Samples with a stack.
    pub samples: u64,
    /// Samples among `samples` at an address without a symbol.
    pub unnamed: u64,
    /// Further samples of idle CPUs.
    pub idle: u64,
    /// Further samples that perf had no room for.
    pub lost: u64,
    /// Functions with the greatest shares.
    pub top: Vec<Function>,
    /// File of the flame graph.
    pub svg: String,
    /// File of the folded stacks.
    pub folded: String,
    /// File that perf wrote, if it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// Difference between two profiles.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Difference {
    /// Functions whose shares differ most.
    pub top: Vec<Change>,
    /// File of the differential flame graph of the second tracker relative to the first.
    pub svg: String,
    /// File of the differential flame graph of the first tracker relative to the second.
    pub reverse_svg: String,
}

impl ProfileReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/profile/1";

    /// Reads a file that [`write()`](super::write()) wrote.
    pub fn read(json: &[u8]) -> Result<Self> {
        expect_schema(json, Self::SCHEMA)?;
        let report: Self = serde_json::from_slice(json)?;
        ensure!(
            matches!(
                (report.trackers.len(), &report.difference),
                (1, None) | (2, Some(_))
            ),
            "it has {} trackers",
            report.trackers.len()
        );
        Ok(report)
    }
}

impl TrackerProfile {
    /// Returns whether more than one sample in a hundred was lost, which a report must mention.
    pub fn lost_many(&self) -> bool {
        self.lost.saturating_mul(100) > self.samples
    }
}

/// Event that was sampled in fact.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Source {
    /// perf's name for the event.
    pub event: String,
    /// Event that was asked for, if it cannot be counted here.
    pub instead_of: Option<String>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instead_of {
            None => f.write_str(&self.event),
            Some(asked) => write!(f, "{} (no PMU for {asked})", self.event),
        }
    }
}

/// A part of all samples, with its 95 % confidence interval. All fields but the count are from 0
/// to 1.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Share {
    /// Number of samples.
    pub samples: u64,
    /// Share of all samples.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// A function in a run. Its samples are those in itself, without the functions that it calls.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Function {
    /// Name of the function.
    pub function: String,
    /// Share of the function in the run.
    #[serde(flatten)]
    pub share: Share,
}

/// A function in two runs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Change {
    /// Name of the function.
    pub function: String,
    /// Share of the function in the first run.
    pub before: Share,
    /// Share of the function in the second run.
    pub after: Share,
}

impl Change {
    /// Returns the growth of the share, from -1 to 1.
    pub fn difference(&self) -> f64 {
        self.after.share - self.before.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{profiled, profiled_alone};
    use crate::record::write;

    fn json(report: &ProfileReport) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_profile_survives_being_saved() {
        for report in [profiled(), profiled_alone()] {
            let saved = json(&report);
            let read = ProfileReport::read(saved.as_bytes()).unwrap();
            assert_eq!(json(&read), saved);
            assert!(saved.contains("\"schema\": \"epoch-bench/profile/1\""));
            assert!(saved.contains("\"instead_of\": \"cycles\""), "{saved}");
        }
    }

    #[test]
    fn files_that_are_no_profile_are_refused() {
        let refused = |json: &str, why: &str| {
            let error = ProfileReport::read(json.as_bytes()).unwrap_err();
            assert!(format!("{error:#}").contains(why), "{error:#}");
        };
        refused("{}", "not one of epoch-bench's files");
        refused(
            "{\"schema\": \"epoch-bench/run/1\"}",
            "not epoch-bench/profile/1",
        );
        let mut report = profiled();
        report.difference = None;
        refused(&json(&report), "2 trackers");
    }

    #[test]
    fn a_stand_in_says_what_for() {
        let source = |instead_of: Option<&str>| Source {
            event: "cpu-clock".into(),
            instead_of: instead_of.map(Into::into),
        };
        assert_eq!(source(None).to_string(), "cpu-clock");
        assert_eq!(
            source(Some("cycles")).to_string(),
            "cpu-clock (no PMU for cycles)"
        );
    }
}
