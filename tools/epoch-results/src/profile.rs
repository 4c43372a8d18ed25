//! Where the kernel's time goes under one tracker or two: what `profile`
//! writes beside its pictures, and prints.

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::{Result, ensure};
use epoch_device::hook::Target;
use epoch_machine::environment::Environment;
use epoch_profile::event::Source;
use epoch_profile::top::{Change, Function, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::CAVEAT;
use crate::json::schema;
use crate::table::{self, Align};
use crate::workload::Workload;

/// `epoch-bench/profile/1`: the stacks themselves are in the files that it
/// names, relative to its own folder.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ProfileReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/profile/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Where it ran.
    pub environment: Environment,
    /// What was profiled.
    pub workload: Workload,
    /// What was hooked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// What was counted.
    pub event: EventReport,
    /// One or two, in the order of the command line.
    pub trackers: Vec<TrackerProfile>,
    /// What differs between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// What was counted.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct EventReport {
    /// As the command line has it.
    pub asked: String,
    /// What that is on this CPU, in words.
    pub meaning: String,
    /// What perf really counted.
    pub used: Source,
    /// Samples a second on each CPU.
    pub frequency_hz: u32,
}

/// Kernel stacks under one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TrackerProfile {
    /// The tracker, or null where there is none: in user space without the
    /// hook.
    pub tracker: Option<String>,
    /// What it is called in files and tables: the tracker's name, numbered if
    /// it is the second of that name.
    pub name: String,
    /// How long samples were taken.
    pub seconds: f64,
    /// Slices that these seconds are of, one after the other with those of the
    /// other tracker.
    pub slices: usize,
    /// Loops a second meanwhile, all tasks together.
    pub rate: u64,
    /// Half the width of its 95% confidence interval, of the slices' rates.
    pub rate_error: f64,
    /// Samples with a stack.
    pub samples: u64,
    /// Of these, samples at an address without a name.
    pub unnamed: u64,
    /// Further samples of CPUs that had nothing to do.
    pub idle: u64,
    /// Further samples that perf had no room for.
    pub lost: u64,
    /// The functions with the greatest shares.
    pub top: Vec<Function>,
    /// File of the flame graph.
    pub svg: String,
    /// File of the folded stacks.
    pub folded: String,
    /// File that perf wrote, if it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What differs between two runs.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Difference {
    /// The functions whose shares differ most.
    pub top: Vec<Change>,
    /// File of the differential flame graph: the second run, next to the first.
    pub svg: String,
    /// The same the other way round.
    pub reverse_svg: String,
}

impl ProfileReport {
    /// The form of these files.
    pub const SCHEMA: &'static str = "epoch-bench/profile/1";

    /// Reads what [`write()`](crate::json::write) wrote.
    pub fn read(json: &[u8]) -> Result<Self> {
        let schema = schema(json)?;
        ensure!(
            schema == Self::SCHEMA,
            "it holds {schema}, not {}",
            Self::SCHEMA
        );
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

    /// Prints all but the names of the files.
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
        let table = match (&self.difference, &self.trackers[..]) {
            (Some(difference), [before, after]) => {
                changes(&before.name, &after.name, &difference.top)
            }
            (_, runs) => runs.iter().map(|run| functions(&run.top)).collect(),
        };
        writeln!(out, "\n{table}")?;
        if self.trackers.iter().any(|run| run.tracker.is_some()) {
            writeln!(out, "\n{CAVEAT}")?;
        }
        Ok(())
    }
}

impl TrackerProfile {
    /// How much it has to say, in words.
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

fn functions(functions: &[Function]) -> String {
    let columns = [shares("share"), vec![column("function", Align::Left)]].concat();
    let rows: Vec<_> = functions
        .iter()
        .map(|row| [cells(&row.share), vec![row.function.clone()]].concat())
        .collect();
    table::text(&columns, &rows)
}

fn changes(before: &str, after: &str, changes: &[Change]) -> String {
    let columns = [
        shares(before),
        shares(after),
        vec![
            column("change", Align::Right),
            column("function", Align::Left),
        ],
    ];
    let rows: Vec<_> = changes
        .iter()
        .map(|row| {
            let change = format!("{:+.1}", row.difference() * 100.0);
            let change = vec![change, row.function.clone()];
            [cells(&row.before), cells(&row.after), change].concat()
        })
        .collect();
    table::text(&columns.concat(), &rows)
}

fn column(name: &str, align: Align) -> (String, Align) {
    (name.to_owned(), align)
}

/// The columns of a run's shares: in percent, with their confidence intervals.
fn shares(name: &str) -> Vec<(String, Align)> {
    [name, "95%", "samples"]
        .map(|name| column(name, Align::Right))
        .to_vec()
}

fn cells(share: &Share) -> Vec<String> {
    let percent = |part: f64| part * 100.0;
    vec![
        format!("{:.1}%", percent(share.share)),
        format!("{:.1}-{:.1}", percent(share.low), percent(share.high)),
        share.samples.to_string(),
    ]
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
    fn other_files_are_refused() {
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
}
