// SPDX-License-Identifier: MIT OR Apache-2.0

//! Descriptions of a report in words.

use std::ops::RangeInclusive;

use epoch_results::record::{Carrier, Workload};
use host::environment::Environment;

/// Returns the title of a workload with this range of tasks.
pub fn title(workload: &Workload, tasks: RangeInclusive<usize>) -> String {
    let (least, most) = tasks.into_inner();
    let carrier = match (workload.carrier, most) {
        (Carrier::Processes, 1) => "process",
        (Carrier::Processes, _) => "processes",
        (Carrier::Threads, 1) => "thread",
        (Carrier::Threads, _) => "threads",
    };
    let tasks = if least == most {
        most.to_string()
    } else {
        format!("{least} to {most}")
    };
    let testcase = workload.testcase.description(workload.pages);
    let beside = match workload.mix.map_or(0, |mix| mix.waiters) {
        0 => String::new(),
        1 => " and 1 waiter".into(),
        waiters => format!(" and {waiters} waiters"),
    };
    format!("{testcase}, {tasks} {carrier}{beside}")
}

/// Returns the length of a sample with its unit.
pub fn sample_length(workload: &Workload) -> String {
    match workload.interval_ms {
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// Describes the environment of the measurement.
pub fn machine(environment: &Environment) -> String {
    let cpus = match environment.online_cpus {
        1 => "1 CPU".to_owned(),
        cpus => format!("{cpus} CPUs"),
    };
    let mut machine = format!(
        "Linux {}; {cpus}, {}; {}",
        environment.kernel, environment.cpu_model, environment.machine
    );
    if let Some(date) = &environment.date {
        let day = date.split('T').next().unwrap_or(date);
        machine = format!("{machine}; {day}");
    }
    machine
}

/// Replaces the control characters that XML cannot contain.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::orders::Mix;
    use epoch_results::examples::published;

    #[test]
    fn one_task_is_no_plural() {
        let mut workload = published().workload;
        workload.carrier = Carrier::Threads;
        assert!(title(&workload, 1..=1).ends_with(", 1 thread"));
        workload.mix = Some(Mix {
            waiters: 2,
            wait_rate: 100,
        });
        assert!(title(&workload, 1..=1).ends_with(", 1 thread and 2 waiters"));
        assert!(title(&workload, 1..=8).ends_with(", 1 to 8 threads and 2 waiters"));
    }

    #[test]
    fn lengths_are_in_whole_units() {
        let mut workload = published().workload;
        assert_eq!(sample_length(&workload), "1 s");
        workload.interval_ms = 250;
        assert_eq!(sample_length(&workload), "250 ms");
    }
}
