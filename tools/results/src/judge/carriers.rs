// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons measured both with processes and with threads.

use host::environment::Environment;

use crate::record::{Carrier, CompareReport, TrackerReport, Workload};

/// Two comparisons that differ only in the carrier of the tasks.
#[derive(Clone, Copy)]
pub struct Carriers<'a> {
    /// Comparison with a process for each task.
    pub processes: &'a CompareReport,
    /// Comparison with threads of one process.
    pub threads: &'a CompareReport,
}

/// A tracker measured with both carriers.
pub struct Pair<'a> {
    /// The tracker with processes.
    pub processes: &'a TrackerReport,
    /// The tracker with threads.
    pub threads: &'a TrackerReport,
}

impl Pair<'_> {
    /// Returns the processes' mean as a multiple of the threads'.
    pub fn ratio(&self) -> f64 {
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

    /// Returns each tracker with both carriers.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'a>> {
        let both = self.processes.trackers.iter().zip(&self.threads.trackers);
        both.map(|(processes, threads)| Pair { processes, threads })
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
        boot_id: None,
        ..environment.clone()
    };
    place(one) == place(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::carriers;

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
}
