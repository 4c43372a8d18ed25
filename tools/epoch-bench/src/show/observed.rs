// SPDX-License-Identifier: MIT OR Apache-2.0

//! Trackers' counters and latencies.

use epoch_device::hook::Calls;
use epoch_device::latency::Latency;
use epoch_device::observe::Observed;

use super::table::{Align, Table};

/// Returns the table of trackers' statistics, or `None` if it would be empty.
pub fn observed(rows: &[(String, Observed)]) -> Option<Table> {
    let mut table = Table::default();
    table.push("tracker", Align::Left, rows, |(name, _)| name.clone());
    let observed: Vec<_> = rows.iter().map(|(_, observed)| observed.clone()).collect();
    push_observed(&mut table, &observed);
    (table.columns.len() > 1).then_some(table)
}

/// Adds the counters that are not 0 everywhere, and the percentiles.
pub fn push_observed(table: &mut Table, rows: &[Observed]) {
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

    fn text(observation: &Observation) -> Option<String> {
        let table = observed(&[("epoch".into(), Observed::new(observation).unwrap())]);
        table.map(|table| table.text())
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut observation = Observation::default();
        assert_eq!(text(&observation), None);
        observation.calls = Some(Calls { hits: 9, missed: 0 });
        let expected = "tracker  hits  missed\nepoch       9       0";
        assert_eq!(text(&observation).unwrap(), expected);
        observation.counters = Counters {
            contended: 7,
            longest_queue: 3,
            ..Default::default()
        };
        let expected = "\
            tracker  queue ever  contended  hits  missed\n\
            epoch             3          7     9       0";
        assert_eq!(text(&observation).unwrap(), expected);
    }
}
