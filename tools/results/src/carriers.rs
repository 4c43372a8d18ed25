// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons measured both with processes and with threads.

use anyhow::Result;
use host::environment::Environment;

use crate::activity::{self, ActivityPerIteration};
use crate::json::{CompareReport, TrackerReport};
use crate::table::{Align, Table};
use crate::workload::{Carrier, Workload};

/// Two comparisons that differ only in the carrier of the tasks.
#[derive(Clone, Copy)]
pub struct Carriers<'a> {
    /// Comparison with a process for each task.
    pub processes: &'a CompareReport,
    /// Comparison with threads of one process.
    pub threads: &'a CompareReport,
}

/// A tracker measured with both carriers.
struct Pair<'a> {
    processes: &'a TrackerReport,
    threads: &'a TrackerReport,
}

impl Pair<'_> {
    /// Returns the processes' mean as a multiple of the threads'.
    fn ratio(&self) -> f64 {
        self.processes.statistics.mean / self.threads.statistics.mean
    }
}

impl<'a> Carriers<'a> {
    /// Pairs the two comparisons, or returns `None` if they differ in anything but the carrier.
    pub fn of(processes: &'a CompareReport, threads: &'a CompareReport) -> Option<Self> {
        let trackers = |report: &'a CompareReport| report.trackers.iter().map(|of| &of.tracker);
        let carried = (processes.workload.carrier, threads.workload.carrier);
        let same = carried == (Carrier::Processes, Carrier::Threads)
            && trackers(processes).eq(trackers(threads))
            && same_workload(&processes.workload, &threads.workload)
            && same_place(&processes.environment, &threads.environment)
            && processes.hook == threads.hook;
        same.then_some(Self { processes, threads })
    }

    fn pairs(&self) -> impl Iterator<Item = Pair<'a>> {
        let both = self.processes.trackers.iter().zip(&self.threads.trackers);
        both.map(|(processes, threads)| Pair { processes, threads })
    }

    /// Returns two rows for each tracker: the figure, its ratio to that of threads, and the
    /// activity of the whole machine.
    pub fn table(&self) -> Result<Table> {
        let confidence = self.processes.confidence()?;
        let tasks = self.processes.workload.tasks;
        let rows: Vec<(&TrackerReport, &str, f64)> = self
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
    pub fn sentences(&self) -> Vec<String> {
        let tasks = self.processes.workload.tasks;
        self.pairs()
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
    pub fn missing(&self) -> Vec<String> {
        let reports = self.pairs().flat_map(|pair| [pair.processes, pair.threads]);
        let activities: Vec<&ActivityPerIteration> = reports
            .filter_map(|report| report.activity.as_ref())
            .collect();
        activity::missing(activities.into_iter())
    }
}

fn same_workload(processes: &Workload, threads: &Workload) -> bool {
    let carried_alike = Workload {
        carrier: processes.carrier,
        ..threads.clone()
    };
    carried_alike == *processes
}

fn same_place(one: &Environment, other: &Environment) -> bool {
    let place = |environment: &Environment| Environment {
        module_tracker: None,
        date: None,
        ..environment.clone()
    };
    place(one) == place(other)
}

/// Formats a ratio with about three digits.
fn times(ratio: f64) -> String {
    let decimals = match ratio {
        ratio if ratio < 10.0 => 2,
        ratio if ratio < 100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.decimals$}x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{carriers, published};

    #[test]
    fn only_what_carries_the_tasks_may_differ() {
        let (processes, threads) = carriers();
        assert!(Carriers::of(&processes, &threads).is_some());
        assert!(Carriers::of(&threads, &processes).is_none());
        assert!(Carriers::of(&processes, &processes).is_none());
        let differs = |change: fn(&mut CompareReport)| {
            let (processes, mut threads) = carriers();
            change(&mut threads);
            Carriers::of(&processes, &threads).is_none()
        };
        assert!(differs(|threads| threads.workload.tasks += 1));
        assert!(differs(|threads| threads.workload.interval_ms += 1));
        assert!(differs(|threads| threads.environment.kernel = "7.4".into()));
        assert!(differs(
            |threads| threads.trackers[1].tracker = "spin".into()
        ));
        assert!(!differs(|threads| threads.environment.date = None));
    }

    #[test]
    fn each_tracker_has_both_figures_and_the_ratio() {
        let (processes, threads) = carriers();
        let carriers = Carriers::of(&processes, &threads).unwrap();
        let table = carriers.table().unwrap();
        let cells = |row: usize| table.rows[row].join(" | ");
        assert!(
            cells(0).starts_with("mutex, 96 processes | 1008731 | +/- 3594 | 50.4x | 2.00 | "),
            "{}",
            cells(0)
        );
        assert!(
            cells(1).starts_with("mutex, 96 threads | 20000 | +/- 448 | 1.00x | "),
            "{}",
            cells(1)
        );
        assert_eq!(
            carriers.sentences()[0],
            "mutex: 96 processes do 50.4x the iterations of 96 threads"
        );
        assert_eq!(carriers.missing(), [] as [&str; 0]);
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
        assert_eq!(carriers.table().unwrap().columns.len(), 4);
    }
}
