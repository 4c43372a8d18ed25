// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons with processes and with threads.

use anyhow::Result;
use epoch_results::judge::Carriers;
use epoch_results::record::{ActivityPerIteration, TrackerReport};

use super::activity;
use super::comparison::times;
use super::table::{Align, Table};

/// Returns two rows for each tracker: the figure, its ratio to that of threads, and the
/// activity of the whole machine.
pub fn table(carriers: &Carriers<'_>) -> Result<Table> {
    let confidence = carriers.processes.confidence()?;
    let tasks = carriers.processes.workload.tasks;
    let rows: Vec<(&TrackerReport, &str, f64)> = carriers
        .pairs()
        .flat_map(|pair| {
            [
                (pair.processes, "processes", pair.ratio()),
                (pair.threads, "threads", 1.0),
            ]
        })
        .collect();
    let mut table = Table::default();
    table.push("tracker", Align::Left, &rows, |(report, carrier, _)| {
        format!("{}, {tasks} {carrier}", report.tracker)
    });
    table.push("average", Align::Right, &rows, |(report, ..)| {
        format!("{:.0}", report.statistics.mean)
    });
    table.push("interval", Align::Right, &rows, |(report, ..)| {
        format!("+/- {:.0}", report.statistics.mean_error(confidence))
    });
    table.push("of threads", Align::Right, &rows, |(.., ratio)| {
        times(*ratio)
    });
    let activities: Vec<_> = rows
        .iter()
        .map(|(report, ..)| report.activity.as_ref())
        .collect();
    activity::push_columns(&mut table, &activities);
    Ok(table)
}

/// Returns the ratios in words, a sentence for each tracker.
pub fn sentences(carriers: &Carriers<'_>) -> Vec<String> {
    let tasks = carriers.processes.workload.tasks;
    carriers
        .pairs()
        .map(|pair| {
            format!(
                "{}: {tasks} processes do {} the iterations of {tasks} threads",
                pair.processes.tracker,
                times(pair.ratio())
            )
        })
        .collect()
}

/// Returns the reasons why counts are missing.
pub fn missing(carriers: &Carriers<'_>) -> Vec<String> {
    let reports = carriers
        .pairs()
        .flat_map(|pair| [pair.processes, pair.threads]);
    let activities: Vec<&ActivityPerIteration> = reports
        .filter_map(|report| report.activity.as_ref())
        .collect();
    activity::missing(activities.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{carriers, published};

    #[test]
    fn each_tracker_has_both_figures_and_the_ratio() {
        let (processes, threads) = carriers();
        let carriers = Carriers::of(&processes, &threads).unwrap();
        let table = table(&carriers).unwrap();
        let cells = |row: usize| table.rows[row].join(" | ");
        assert!(
            cells(0).starts_with("mutex, 96 processes | 1008731 | +/- 3595 | 50.4x | 2.00 | "),
            "{}",
            cells(0)
        );
        assert!(
            cells(1).starts_with("mutex, 96 threads | 20000 | +/- 448 | 1.00x | "),
            "{}",
            cells(1)
        );
        assert_eq!(
            sentences(&carriers)[0],
            "mutex: 96 processes do 50.4x the iterations of 96 threads"
        );
        assert_eq!(missing(&carriers), [] as [&str; 0]);
    }

    #[test]
    fn files_without_activity_have_a_table_too() {
        let processes = published();
        let (_, mut threads) = carriers();
        threads
            .trackers
            .iter_mut()
            .for_each(|of| of.activity = None);
        let carriers = Carriers::of(&processes, &threads).unwrap();
        assert_eq!(table(&carriers).unwrap().columns.len(), 4);
    }
}
