// SPDX-License-Identifier: MIT OR Apache-2.0

//! Activity of the whole machine per iteration.

use epoch_results::record::{ActivityPerIteration, Point, SweepReport, TrackerReport};

use super::table::{Align, Table};

/// Describes the columns, in the line above the table.
pub const CAPTION: &str = "Per iteration, of the whole machine with all its load (softirq: of busy \
                           CPU time; steal: of all)";

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

impl ActivityRow {
    /// Returns the mean of a tracker, and the activity of the whole machine for it.
    pub fn of(report: &TrackerReport) -> Self {
        Self {
            name: report.tracker.clone(),
            average: report.statistics.mean,
            activity: report.activity.clone(),
        }
    }
}

/// Returns each mean, and the activity of the whole machine for it.
pub fn sweep_rows(report: &SweepReport) -> Vec<ActivityRow> {
    let points = report.points.iter();
    let rows = points.flat_map(
        |Point {
             workload, trackers, ..
         }| {
            trackers.iter().map(|report| ActivityRow {
                name: format!("{}, {} tasks", report.tracker, workload.tasks),
                ..ActivityRow::of(report)
            })
        },
    );
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{activity, counted_samples};
    use host::activity::{Missing, SystemActivity};

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
}
