// SPDX-License-Identifier: MIT OR Apache-2.0

//! Summary of a whole comparison in one table.

use epoch_device::hook::Calls;
use epoch_device::latency::Latency;
use epoch_device::observe::Observed;
use ministat::Confidence;

use crate::evidence;
use crate::json::TrackerReport;
use crate::stats::Comparison;
use crate::table::{Align, Table};

/// Row of one tracker.
pub struct Row {
    /// Name of the tracker.
    pub tracker: String,
    /// Mean of the totals and half the width of its confidence interval.
    pub mean: (f64, f64),
    /// Ratio to the baseline, half the width of its confidence interval, and whether the
    /// difference is proven; `None` for the baseline itself.
    pub ratio: Option<(f64, f64, bool)>,
    /// Statistics of the tracker.
    pub observed: Observed,
}

/// Returns the rows of a comparison.
pub fn rows(
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
    confidence: Confidence,
) -> Vec<Row> {
    let ratios = comparisons.iter().map(|comparison| {
        let Comparison { ratio, proven, .. } = *comparison;
        Some((ratio, comparison.ratio_error(), proven))
    });
    let trackers = trackers.iter();
    trackers
        .zip(std::iter::once(None).chain(ratios))
        .map(|(report, ratio)| {
            let statistics = &report.statistics;
            Row {
                tracker: report.tracker.clone(),
                mean: (statistics.mean, statistics.mean_error(confidence)),
                ratio,
                observed: report.observed.clone().unwrap_or_default(),
            }
        })
        .collect()
}

/// Formats the table of a comparison, without empty columns.
pub fn table(rows: &[Row], confidence: Confidence) -> String {
    let mut table = Table::default();
    let level = confidence.to_string();
    table.push("tracker", Align::Left, rows, |row| row.tracker.clone());
    table.push("average", Align::Right, rows, |row| {
        format!("{:.0}", row.mean.0)
    });
    table.push(&level, Align::Right, rows, |row| {
        format!("+/- {:.0}", row.mean.1)
    });
    table.push("ratio", Align::Right, rows, |row| {
        format!("{:.2}x", row.ratio.map_or(1.0, |(ratio, ..)| ratio))
    });
    table.push(&level, Align::Right, rows, |row| match row.ratio {
        Some((_, error, _)) => format!("+/- {error:.2}"),
        None => String::new(),
    });
    table.push("verdict", Align::Left, rows, |row| {
        let verdict = row.ratio.map(|(.., proven)| evidence::proven(proven));
        verdict.unwrap_or("baseline").into()
    });
    let observed: Vec<_> = rows.iter().map(|row| row.observed.clone()).collect();
    push_observed(&mut table, &observed);
    table.text()
}

/// Returns the table of trackers' statistics, or `None` if it would be empty.
pub fn observed(rows: &[(String, Observed)]) -> Option<Table> {
    let mut table = Table::default();
    table.push("tracker", Align::Left, rows, |(name, _)| name.clone());
    let observed: Vec<_> = rows.iter().map(|(_, observed)| observed.clone()).collect();
    push_observed(&mut table, &observed);
    (table.columns.len() > 1).then_some(table)
}

/// Adds the counters that are not 0 everywhere, and the percentiles.
fn push_observed(table: &mut Table, rows: &[Observed]) {
    type Counter = fn(&Observed) -> u64;
    let counters: [(&str, Counter); 6] = [
        ("waits", |row| row.counters.waits),
        ("blocked", |row| row.counters.blocked),
        // The longest queue since the module was loaded.
        ("queue ever", |row| row.counters.longest_queue),
        ("restarts", |row| row.counters.restarts),
        ("contended", |row| row.counters.contended),
        ("violations", |row| row.counters.violations),
    ];
    for (name, counter) in counters {
        if rows.iter().any(|row| counter(row) > 0) {
            table.push(name, Align::Right, rows, |row| counter(row).to_string());
        }
    }
    push_latency(table, "wait", rows, |row| row.wait_latency.as_ref());
    if rows.iter().any(|row| row.calls.is_some()) {
        let calls = |row: &Observed| row.calls.unwrap_or_default();
        table.push("hits", Align::Right, rows, |row| {
            calls(row).hits.to_string()
        });
        table.push("missed", Align::Right, rows, |row| {
            let Calls { missed, .. } = calls(row);
            missed.to_string()
        });
    }
    push_latency(table, "call", rows, |row| row.call_latency.as_ref());
}

fn push_latency(
    table: &mut Table,
    of: &str,
    rows: &[Observed],
    latency: impl Fn(&Observed) -> Option<&Latency>,
) {
    if rows.iter().all(|row| latency(row).is_none()) {
        return;
    }
    for (index, name) in Latency::NAMES.iter().enumerate() {
        let name = match index {
            0 => format!("{of} {name}"),
            _ => (*name).into(),
        };
        table.push(&name, Align::Right, rows, |row| {
            latency(row).map_or(String::new(), |latency| latency.columns()[index].clone())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::counters::Counters;
    use epoch_device::observe::Observation;

    fn row(tracker: &str, mean: f64, ratio: Option<(f64, f64, bool)>, counters: Counters) -> Row {
        let observation = Observation {
            counters,
            ..Default::default()
        };
        Row {
            tracker: tracker.into(),
            mean: (mean, mean / 100.0),
            ratio,
            observed: Observed::new(&observation).unwrap(),
        }
    }

    #[test]
    fn empty_columns_are_left_out() {
        let none = Counters::default();
        let rows = [
            row("mutex", 1008730.0, None, none),
            row("epoch", 3550909.0, Some((3.52, 0.01, true)), none),
            row("srcu", 1008731.0, Some((1.0, 0.02, false)), none),
        ];
        let expected = "\
            tracker  average        95%  ratio       95%  verdict\n\
            mutex    1008730  +/- 10087  1.00x            baseline\n\
            epoch    3550909  +/- 35509  3.52x  +/- 0.01  proven\n\
            srcu     1008731  +/- 10087  1.00x  +/- 0.02  not proven";
        assert_eq!(table(&rows, Confidence::P95), expected);
    }

    #[test]
    fn counters_stand_beside_the_verdict() {
        let counted = Counters {
            contended: 7,
            longest_queue: 3,
            ..Default::default()
        };
        let rows = [
            row("spin", 10.0, None, counted),
            row("epoch", 10.0, Some((1.0, 0.0, false)), Counters::default()),
        ];
        let text = table(&rows, Confidence::P99);
        let last: Vec<_> = text
            .lines()
            .map(|line| {
                let words: Vec<_> = line.split_whitespace().rev().take(2).collect();
                words.join(" ")
            })
            .collect();
        assert_eq!(last, ["contended ever", "7 3", "0 0"]);
        assert!(text.starts_with("tracker  average    99%"), "{text}");
    }

    #[test]
    fn a_tracker_that_went_through_nothing_has_no_table() {
        let mut observation = Observation::default();
        let text = |observation: &Observation| {
            observed(&[("epoch".into(), Observed::new(observation).unwrap())])
                .map(|table| table.text())
        };
        assert_eq!(text(&observation), None);
        observation.calls = Some(Calls { hits: 9, missed: 0 });
        let expected = "tracker  hits  missed\nepoch       9       0";
        assert_eq!(text(&observation).unwrap(), expected);
    }
}
