// SPDX-License-Identifier: MIT OR Apache-2.0

//! The epochs of the machine as a table, with rates since the reading before.

use epoch_device::durations::Durations;
use epoch_device::epochs::{Epoch, Snapshot};
use epoch_device::latency::time;

use super::table::{Align, Table};

/// Returns the table of the epochs; rates of those that are new since `before` are left out.
pub fn table(before: &Snapshot, now: &Snapshot) -> Table {
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    let rows: Vec<(&Epoch, Option<&Epoch>)> = now
        .epochs
        .iter()
        .map(|epoch| (epoch, before.epoch(&epoch.name)))
        .collect();
    let rate = |count: fn(&Epoch) -> u64| {
        move |row: &(&Epoch, Option<&Epoch>)| match row {
            // A smaller count is that of another epoch.
            (now, Some(before)) if seconds > 0.0 && count(now) >= count(before) => {
                format!("{:.0}", (count(now) - count(before)) as f64 / seconds)
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

/// Durations of one kind since the reading before.
struct Row<'a> {
    epoch: &'a Epoch,
    what: &'static str,
    new: Durations,
}

/// Returns the table of the durations since `before`: quantiles, which are upper bounds of buckets,
/// and the histogram. `None` if there were none.
pub fn durations(before: &Snapshot, now: &Snapshot) -> Option<Table> {
    type Kind = (&'static str, fn(&Epoch) -> &Durations);
    const KINDS: [Kind; 2] = [
        ("grace periods", |of| &of.durations),
        ("callbacks", |of| &of.latencies),
    ];
    let mut rows = Vec::new();
    for epoch in &now.epochs {
        let Some(before) = before.epoch(&epoch.name) else {
            continue;
        };
        rows.extend(KINDS.map(|(what, of)| {
            let new = of(epoch).since(of(before));
            Row { epoch, what, new }
        }));
    }
    rows.retain(|row| row.new.count() > 0);
    let mut table = Table::default();
    for (name, quantile) in [
        ("p50 <", 0.5),
        ("p90 <", 0.9),
        ("p99 <", 0.99),
        ("max <", 1.0),
    ] {
        table.push(name, Align::Right, &rows, |row| {
            row.new.quantile(quantile).map_or("-".into(), bound)
        });
    }
    table.push(SCALE, Align::Left, &rows, |row| bars(row.new.counts()));
    table.push("of", Align::Left, &rows, |row| row.what.into());
    table.push("epoch", Align::Left, &rows, |row| row.epoch.name.clone());
    (!rows.is_empty()).then_some(table)
}

/// Heading of the histograms: each thousandfold is ten buckets.
const SCALE: &str = "1us.......1ms.......1s..........";

/// Formats the upper bound of a bucket.
fn bound(ns: f64) -> String {
    match ns.is_finite() {
        true => time(ns),
        false => "inf".into(),
    }
}

/// Draws counts as bars of one character each; one that is not 0 has a bar.
fn bars(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or_default();
    let bar = |&count: &u64| match count {
        0 => '.',
        _ => BARS[(count as f64 / most as f64 * BARS.len() as f64).ceil() as usize - 1],
    };
    counts.iter().map(bar).collect()
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
    fn histograms_are_those_since_the_reading_before() {
        let snapshot = |periods: &str, callbacks: &str| Snapshot {
            at: Instant::now(),
            epochs: vec![Epoch {
                name: "a".into(),
                durations: periods.parse().unwrap(),
                latencies: callbacks.parse().unwrap(),
                ..Epoch::default()
            }],
        };
        let before = snapshot("9 0 1 0", "1 2 3 4");
        let now = snapshot("9 90 11 1", "1 2 3 4");
        let expected = "  p50 <    p90 <    p99 <  max <  1us.......1ms.......1s..........  of             epoch\n\
            2.05 us  4.10 us  4.10 us    inf  .█▁▁                              grace periods  a";
        assert_eq!(durations(&before, &now).unwrap().text(), expected);
        assert_eq!(durations(&now, &now), None);
    }

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
        assert!(table(&now, &before).rows[0].contains(&"-".into()));
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
