// SPDX-License-Identifier: MIT OR Apache-2.0

//! Activity of the whole machine per iteration.

use host::activity::{Counted, CpuTime, Missing, SystemActivity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sample::Sample;
use crate::table::{Align, Table};

/// Describes the columns, in the line above the table.
pub const CAPTION: &str = "Per iteration, of the whole machine with all its load (softirq: of busy \
                           CPU time; steal: of all)";

/// Counts of the whole machine in the samples that count, divided by the iterations of all tasks.
/// A count that the machine does not have is null or absent.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ActivityPerIteration {
    /// Iterations of all tasks.
    pub iterations: u64,
    /// Context switches per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_switches: Option<f64>,
    /// Rescheduling interrupts per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reschedule_ipis: Option<f64>,
    /// Function call interrupts per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_call_ipis: Option<f64>,
    /// TLB shootdowns that CPUs received, per iteration. On x86 they arrive as function call
    /// interrupts and are counted there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlb_shootdowns: Option<f64>,
    /// Time in softirqs as a share (0 to 1) of the time that CPUs were neither idle nor stolen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub softirq_share: Option<f64>,
    /// Time that the hypervisor withheld as a share (0 to 1) of all CPU time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// Instructions per iteration, in the kernel and in user space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<f64>,
    /// Names of the counts that are missing, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl ActivityPerIteration {
    /// Divides what was counted while `samples` were taken. Returns `None` without an iteration.
    pub fn of(activity: &SystemActivity, samples: &[Sample]) -> Option<Self> {
        let tasks = samples.iter().flat_map(|sample| &sample.tasks);
        let iterations = tasks.map(|task| task.iterations).sum::<u64>();
        if iterations == 0 {
            return None;
        }
        let mut missing = Reasons::default();
        let mut per_iteration = |what, count: &Counted| {
            let count = missing.sort_out(what, count.clone())?;
            Some(count as f64 / iterations as f64)
        };
        let context_switches = per_iteration("context switches", &activity.context_switches);
        let reschedule_ipis = per_iteration("rescheduling IPIs", &activity.reschedule_ipis);
        let function_call_ipis = per_iteration("function call IPIs", &activity.function_call_ipis);
        let tlb_shootdowns = per_iteration("TLB shootdowns", &activity.tlb_shootdowns);
        let instructions = match activity.instructions {
            // Some hypervisors have a PMU that stands still.
            Ok(0) => Err(Missing("the PMU counts none".into())),
            _ => activity.instructions.clone(),
        };
        let instructions = per_iteration("instructions", &instructions);
        let mut share = |what, part: fn(&CpuTime) -> u64, of: fn(&CpuTime) -> u64| {
            let share = activity.cpu_time.as_ref().map_err(Missing::clone);
            let share = share.and_then(|time| match of(time) {
                0 => Err(Missing("the samples are shorter than a tick".into())),
                whole => Ok(part(time) as f64 / whole as f64),
            });
            missing.sort_out(what, share)
        };
        Some(Self {
            iterations,
            context_switches,
            reschedule_ipis,
            function_call_ipis,
            tlb_shootdowns,
            softirq_share: share("softirq time", |time| time.softirq, |time| time.busy),
            steal_share: share("steal time", |time| time.steal, |time| time.total),
            instructions,
            missing: missing.in_words(),
        })
    }

    /// Interrupts between CPUs per iteration, of both kinds.
    fn ipis(&self) -> Option<f64> {
        Some(self.reschedule_ipis? + self.function_call_ipis?)
    }
}

/// Reasons why counts are missing; each reason once.
#[derive(Default)]
struct Reasons(Vec<(Vec<&'static str>, Missing)>);

impl Reasons {
    fn sort_out<T>(&mut self, what: &'static str, counted: Counted<T>) -> Option<T> {
        let reason = match counted {
            Ok(count) => return Some(count),
            Err(reason) => reason,
        };
        match self.0.iter_mut().find(|(_, known)| *known == reason) {
            Some((missing, _)) => missing.push(what),
            None => self.0.push((vec![what], reason)),
        }
        None
    }

    fn in_words(self) -> Vec<String> {
        let reasons = self.0.into_iter();
        reasons
            .map(|(missing, reason)| format!("{}: {reason}", missing.join(", ")))
            .collect()
    }
}

/// A figure, and the machine's activity for it.
pub struct ActivityRow {
    /// Name of the row.
    pub name: String,
    /// Iterations a second.
    pub average: f64,
    /// Activity for the figure; `None` where nothing was counted.
    pub activity: Option<ActivityPerIteration>,
}

/// Returns the table of these rows, or `None` where nothing was counted.
pub fn table(rows: &[ActivityRow]) -> Option<Table> {
    let mut table = Table::default();
    table.push("tracker", Align::Left, rows, |row| row.name.clone());
    table.push("average", Align::Right, rows, |row| {
        format!("{:.0}", row.average)
    });
    let before = table.columns.len();
    let activities: Vec<_> = rows.iter().map(|row| row.activity.as_ref()).collect();
    push_columns(&mut table, &activities);
    (table.columns.len() > before).then_some(table)
}

/// Adds the columns, leaving out empty ones; a count missing in a row is `-`.
pub fn push_columns(table: &mut Table, rows: &[Option<&ActivityPerIteration>]) {
    type Cell = fn(&ActivityPerIteration) -> Option<String>;
    let columns: [(&str, Cell); 6] = [
        ("switches", |of| of.context_switches.map(count)),
        ("IPIs", |of| of.ipis().map(count)),
        ("TLB", |of| of.tlb_shootdowns.map(count)),
        ("softirq", |of| of.softirq_share.map(percent)),
        ("steal", |of| of.steal_share.map(percent)),
        ("instructions", |of| of.instructions.map(count)),
    ];
    for (name, cell) in columns {
        let cells: Vec<_> = rows.iter().map(|row| row.and_then(cell)).collect();
        if cells.iter().any(Option::is_some) {
            table.push(name, Align::Right, &cells, |cell| {
                cell.clone().unwrap_or_else(|| "-".into())
            });
        }
    }
}

/// Returns a line for each reason why something is missing, without duplicates.
pub fn missing<'a>(rows: impl Iterator<Item = &'a ActivityPerIteration>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for reason in rows.flat_map(|row| &row.missing) {
        let line = format!("not counted: {reason}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Returns the caption, the table and the reasons as a terminal shows them, or `None` where
/// nothing was counted.
pub fn text(rows: &[ActivityRow]) -> Option<String> {
    let mut lines = missing(rows.iter().filter_map(|row| row.activity.as_ref()));
    if let Some(table) = table(rows) {
        lines.insert(0, table.text());
        lines.insert(0, format!("{CAPTION}:"));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Formats a number with three digits, or four decimals.
fn count(count: f64) -> String {
    match count {
        0.0 => "0".into(),
        count if count < 0.0001 => "<0.0001".into(),
        count if count < 1.0 => format!("{count:.4}"),
        count if count < 10.0 => format!("{count:.2}"),
        count if count < 100.0 => format!("{count:.1}"),
        count => format!("{count:.0}"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{activity, counted_samples};

    fn of(activity: &SystemActivity) -> ActivityPerIteration {
        // 2 samples of 2 tasks that do 100 iterations.
        ActivityPerIteration::of(activity, &counted_samples(2, 2, 100)).unwrap()
    }

    fn row(name: &str, activity: Option<ActivityPerIteration>) -> ActivityRow {
        ActivityRow {
            name: name.into(),
            average: 1234.5,
            activity,
        }
    }

    #[test]
    fn counts_are_divided_by_the_iterations_of_all_tasks() {
        let of = of(&activity());
        assert_eq!(of.iterations, 400);
        assert_eq!(of.context_switches, Some(2.0));
        assert_eq!(of.ipis(), Some(0.25 + 0.5));
        assert_eq!(of.tlb_shootdowns, Some(0.25));
        assert_eq!((of.softirq_share, of.steal_share), (Some(0.25), Some(0.1)));
        assert_eq!(of.instructions, Some(12345.0));
        assert_eq!(of.missing, [] as [&str; 0]);
    }

    #[test]
    fn nothing_is_divided_by_no_iterations() {
        let idle = counted_samples(2, 2, 0);
        assert_eq!(ActivityPerIteration::of(&activity(), &idle), None);
        assert_eq!(ActivityPerIteration::of(&activity(), &[]), None);
    }

    #[test]
    fn missing_counts_are_not_0() {
        let gone = || Missing("gone".into());
        let mut activity = activity();
        activity.reschedule_ipis = Err(gone());
        activity.tlb_shootdowns = Err(gone());
        activity.cpu_time = Ok(CpuTime::default());
        activity.instructions = Ok(0);
        let of = of(&activity);
        assert_eq!((of.ipis(), of.function_call_ipis), (None, Some(0.5)));
        assert_eq!((of.softirq_share, of.steal_share), (None, None));
        let expected = [
            "rescheduling IPIs, TLB shootdowns: gone",
            "instructions: the PMU counts none",
            "softirq time, steal time: the samples are shorter than a tick",
        ];
        assert_eq!(of.missing, expected);
    }

    #[test]
    fn the_table_says_what_is_missing() {
        let mut part = activity();
        part.instructions = Err(Missing("there is no PMU".into()));
        let whole = of(&part);
        part.context_switches = Err(Missing("gone".into()));
        let rows = [row("mutex", Some(whole)), row("epoch", Some(of(&part)))];
        let expected = "\
            tracker  average  switches    IPIs     TLB  softirq  steal\n\
            mutex       1234      2.00  0.7500  0.2500    25.0%  10.0%\n\
            epoch       1234         -  0.7500  0.2500    25.0%  10.0%\n\
            not counted: instructions: there is no PMU\n\
            not counted: context switches: gone";
        let text = text(&rows).unwrap();
        assert_eq!(text, format!("{CAPTION}:\n{expected}"));
    }

    #[test]
    fn files_without_it_have_no_table() {
        assert_eq!(text(&[row("mutex", None)]), None);
        let rows = [row("mutex", None), row("epoch", Some(of(&activity())))];
        let text = text(&rows).unwrap();
        let mutex = text.lines().find(|line| line.starts_with("mutex")).unwrap();
        assert_eq!(mutex.matches(" -").count(), 6, "{text}");
    }

    #[test]
    fn numbers_have_the_digits_that_they_need() {
        let shown = [0.0, 0.00001, 0.0123, 3.456, 34.56, 3456.7].map(count);
        assert_eq!(shown, ["0", "<0.0001", "0.0123", "3.46", "34.6", "3457"]);
    }

    #[test]
    fn activity_survives_being_saved() {
        let mut activity = activity();
        let whole = of(&activity);
        activity.instructions = Err(Missing("there is no PMU".into()));
        for of in [whole, of(&activity)] {
            let saved = serde_json::to_string(&of).unwrap();
            assert_eq!(saved.contains("missing"), of.instructions.is_none());
            let read: ActivityPerIteration = serde_json::from_str(&saved).unwrap();
            assert_eq!(read, of);
        }
    }
}
