// SPDX-License-Identifier: MIT OR Apache-2.0

//! The epochs of the machine as a table, with rates since the reading before.

use epoch_device::epochs::{Epoch, Snapshot};
use epoch_device::latency::time;

use super::table::{Align, Table};

/// Returns the table of the epochs; rates of those that are new since `before` are left out.
pub fn table(before: &Snapshot, now: &Snapshot) -> Table {
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    let rows: Vec<(&Epoch, Option<&Epoch>)> = now
        .epochs
        .iter()
        .map(|epoch| {
            let mut known = before.epochs.iter();
            (epoch, known.find(|known| known.name == epoch.name))
        })
        .collect();
    let rate = |count: fn(&Epoch) -> u64| {
        move |row: &(&Epoch, Option<&Epoch>)| match row {
            (now, Some(before)) if seconds > 0.0 => {
                let new = count(now).wrapping_sub(count(before));
                format!("{:.0}", new as f64 / seconds)
            }
            _ => "-".into(),
        }
    };
    let mut table = Table::default();
    let mut push = |name, cell: fn(&Epoch) -> String| {
        table.push(name, Align::Right, &rows, |(epoch, _)| cell(epoch));
    };
    push("readers", |of| of.readers.to_string());
    push("pending", |of| of.pending.to_string());
    push("peak", |of| of.peak.to_string());
    push("last", |of| length(of.last_ns));
    push("longest", |of| length(of.longest_ns));
    push("stalls", |of| of.stalls.to_string());
    table.push(
        "grace periods/s",
        Align::Right,
        &rows,
        rate(|of| of.grace_periods),
    );
    table.push("expedited/s", Align::Right, &rows, rate(|of| of.expedited));
    table.push("callbacks/s", Align::Right, &rows, rate(|of| of.invoked));
    table.push("epoch", Align::Left, &rows, |(epoch, _)| epoch.name.clone());
    table
}

/// Formats the length of a grace period; 0 if there was none.
fn length(ns: u64) -> String {
    match ns {
        0 => "-".into(),
        ns => time(ns as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn rates_are_those_since_the_reading_before() {
        let epoch = |name: &str, periods| Epoch {
            name: name.into(),
            readers: 2,
            grace_periods: periods,
            last_ns: 1_500_000,
            ..Epoch::default()
        };
        let at = Instant::now();
        let before = Snapshot {
            at,
            epochs: vec![epoch("a", 100)],
        };
        let now = Snapshot {
            at: at + Duration::from_secs(2),
            epochs: vec![epoch("a", 150), epoch("b", 9)],
        };
        let expected = "\
            readers  pending  peak     last  longest  stalls  grace periods/s  expedited/s  \
            callbacks/s  epoch\n      \
            2        0     0  1.50 ms        -       0               25            0            \
            0  a\n      \
            2        0     0  1.50 ms        -       0                -            -            \
            -  b";
        assert_eq!(table(&before, &now).text(), expected);
    }
}
