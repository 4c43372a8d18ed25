// SPDX-License-Identifier: MIT OR Apache-2.0

//! Profiles of kernel time under one tracker or two: the report that `profile` prints and writes
//! next to its flame graphs.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use anyhow::{Result, ensure};
use epoch_device::hook::Target;
use epoch_stats::Interval;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::CAVEAT;
use crate::json::expect_schema;
use crate::table::{Align, Table};
use crate::workload::Workload;

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

impl Share {
    /// Computes the share of `samples` in `all`, with Wilson's interval, which assumes independent
    /// samples; consecutive samples of a CPU are not quite.
    pub fn new(samples: u64, all: u64) -> Self {
        let Interval { low, high } = epoch_stats::wilson(samples, all, 0.95);
        Self {
            samples,
            share: samples as f64 / all.max(1) as f64,
            low,
            high,
        }
    }
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

impl ProfileReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/profile/1";

    /// Reads a file that [`write()`](crate::json::write) wrote.
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

    /// Prints everything but the names of the files.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        self.environment.write(out)?;
        let EventReport {
            meaning,
            used,
            frequency_hz,
            ..
        } = &self.event;
        writeln!(out, "event:       {meaning}")?;
        writeln!(
            out,
            "sampled:     {used}, {frequency_hz} times a second on each CPU"
        )?;
        if let Some(target) = &self.hook {
            writeln!(out, "{target}")?;
        }
        writeln!(out)?;
        for run in &self.trackers {
            writeln!(out, "{}", run.summary())?;
        }
        let mut table = Table::default();
        self.push_shares(&mut table);
        self.push_functions(&mut table);
        writeln!(out, "\n{}", table.text())?;
        if self.trackers.iter().any(|run| run.tracker.is_some()) {
            writeln!(out, "\n{CAVEAT}")?;
        }
        Ok(())
    }

    /// Adds the functions' names to a table.
    pub fn push_functions(&self, table: &mut Table) {
        let name = "function";
        match &self.difference {
            Some(Difference { top, .. }) => {
                table.push(name, Align::Left, top, |of| of.function.clone());
            }
            None => table.push(name, Align::Left, &self.functions(), |of| {
                of.function.clone()
            }),
        }
    }

    /// Adds the functions' shares in percent, with 95% confidence intervals, and their changes.
    pub fn push_shares(&self, table: &mut Table) {
        match (&self.difference, &self.trackers[..]) {
            (Some(Difference { top, .. }), [before, after]) => {
                push_share(table, &before.name, top, |of| &of.before);
                push_share(table, &after.name, top, |of| &of.after);
                table.push("change", Align::Right, top, |of| {
                    format!("{:+.1}", 100.0 * of.difference())
                });
            }
            _ => push_share(table, "share", &self.functions(), |of| &of.share),
        }
    }

    fn functions(&self) -> Vec<&Function> {
        self.trackers.iter().flat_map(|run| &run.top).collect()
    }
}

impl TrackerProfile {
    /// Returns whether more than one sample in a hundred was lost, which a report must mention.
    pub fn lost_many(&self) -> bool {
        self.lost.saturating_mul(100) > self.samples
    }

    /// Summarizes the samples in words.
    pub fn summary(&self) -> String {
        let Self {
            name,
            seconds,
            slices,
            rate,
            rate_error,
            samples,
            unnamed,
            idle,
            lost,
            ..
        } = self;
        let mut text = format!(
            "{name}: {samples} samples in {seconds} s, {rate} +/- {rate_error:.0} loops a second \
             (95%, N={slices}); {idle} more of idle CPUs, {lost} lost"
        );
        if *unnamed > 0 {
            text += &format!("; {unnamed} have no function's name");
        }
        text
    }
}

fn push_share<T>(table: &mut Table, name: &str, rows: &[T], share: impl Fn(&T) -> &Share) {
    let percent = |part: f64| 100.0 * part;
    table.push(name, Align::Right, rows, |row| {
        format!("{:.1}%", percent(share(row).share))
    });
    table.push("95%", Align::Right, rows, |row| {
        let share = share(row);
        format!("{:.1}-{:.1}", percent(share.low), percent(share.high))
    });
    table.push("samples", Align::Right, rows, |row| {
        share(row).samples.to_string()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{profiled, profiled_alone};
    use crate::json::write;

    fn json(report: &ProfileReport) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn printed(report: &ProfileReport) -> String {
        let mut out = Vec::new();
        report.print(&mut out).unwrap();
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
    fn shares_are_told_with_their_intervals() {
        let text = printed(&profiled());
        for line in [
            "sampled:     cpu-clock (no PMU for cycles), 997 times a second on each CPU",
            "mutex: 1000 samples in 5 s, 500 +/- 9 loops a second (95%, N=6); 7 more of idle CPUs, 0 lost",
            "mutex        95%  samples  epoch       95%  samples  change  function",
            "40.0%  37.0-43.1      400   0.0%   0.0-0.4        0   -40.0  osq_lock",
        ] {
            assert!(text.contains(line), "'{line}' is missing in\n{text}");
        }
        let text = printed(&profiled_alone());
        for line in [
            "share        95%  samples  function",
            "40.0%  37.0-43.1      400  osq_lock",
        ] {
            assert!(text.contains(line), "'{line}' is missing in\n{text}");
        }
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
