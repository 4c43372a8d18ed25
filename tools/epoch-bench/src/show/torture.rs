// SPDX-License-Identifier: MIT OR Apache-2.0

//! Torture tests as a table.

use anyhow::Result;
use epoch_device::latency::{Latency, time};
use epoch_device::observe::Observation;
use epoch_measure::torture::{Outcome, Plan};

use super::table::{self, Align};

/// Formats a table with a line for each tracker.
pub fn text(plan: &Plan, outcomes: &[Outcome]) -> Result<String> {
    let columns = [
        ("tracker", Align::Left),
        ("blocks", Align::Right),
        ("waits", Align::Right),
        ("blocked", Align::Right),
        ("longest wait", Align::Right),
        ("violations", Align::Right),
    ];
    let rows = plan
        .trackers
        .iter()
        .zip(outcomes)
        .map(|(tracker, outcome)| {
            let Observation {
                counters, waits, ..
            } = &outcome.observation;
            let longest = Latency::of(waits)?.map_or("-".into(), |waits| time(waits.max_ns as f64));
            Ok(vec![
                tracker.clone(),
                outcome.blocks.to_string(),
                counters.waits.to_string(),
                counters.blocked.to_string(),
                longest,
                counters.violations.to_string(),
            ])
        });
    let columns = columns.map(|(name, align)| (name.into(), align));
    Ok(table::text(&columns, &rows.collect::<Result<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_tracker_has_a_line() {
        let plan = Plan {
            trackers: vec!["busted".into()],
            duration: Duration::from_secs(10),
            switch: None,
        };
        let mut outcome = Outcome {
            blocks: 4000,
            ..Default::default()
        };
        outcome.observation.counters.violations = 2;
        let text = text(&plan, &[outcome]).unwrap();
        let expected = "\
            tracker  blocks  waits  blocked  longest wait  violations\n\
            busted     4000      0        0             -           2";
        assert_eq!(text, expected);
    }
}
