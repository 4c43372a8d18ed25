// SPDX-License-Identifier: MIT OR Apache-2.0

//! CSV as will-it-scale's runtest.py prints it: a row for each number of tasks.
//!
//! The columns of what was not measured are empty: idle time, and threads in a file of processes.

use anyhow::{Result, ensure};
use epoch_results::record::Carrier;
use host::error::usage;

use super::{Results, Series};

pub fn text(results: &Results) -> Result<String> {
    let mut trackers: Vec<_> = results.series.iter().map(|of| &of.tracker[..]).collect();
    trackers.dedup();
    trackers.sort_unstable();
    trackers.dedup();
    ensure!(
        trackers.len() == 1,
        usage(format!(
            "a CSV of will-it-scale has one tracker: name one of {} with --tracker",
            trackers.join(", ")
        ))
    );
    let mut text = "tasks,processes,processes_idle,threads,threads_idle,linear\n".to_owned();
    text += "0,0,100,0,100,0\n";
    let first = results.series.first();
    let one = first.map_or(0.0, |of| of.statistics.mean / of.workload.tasks as f64);
    for Series {
        workload,
        statistics,
        ..
    } in &results.series
    {
        let mean = format!("{:.0}", statistics.mean);
        let [processes, threads] = match workload.carrier {
            Carrier::Processes => [&mean[..], ""],
            Carrier::Threads => ["", &mean[..]],
        };
        let linear = one * workload.tasks as f64;
        text += &format!("{},{processes},,{threads},,{linear:.0}\n", workload.tasks);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::example_sweep;

    #[test]
    fn each_number_of_tasks_has_a_row_of_six_columns() {
        let mut results = Results::from(example_sweep());
        assert!(
            text(&results)
                .unwrap_err()
                .to_string()
                .contains("epoch, mutex")
        );
        results.series.retain(|of| of.tracker == "mutex");
        let text = text(&results).unwrap();
        let rows: Vec<Vec<_>> = text.lines().map(|row| row.split(',').collect()).collect();
        assert_eq!(rows.len(), 6);
        assert!(rows.iter().all(|row| row.len() == 6));
        assert_eq!(rows[5], ["8", "50", "", "", "", "808"]);
    }
}
