// SPDX-License-Identifier: MIT OR Apache-2.0

//! Samples, and the statistics of trackers while they were taken.

use anyhow::Result;
use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use epoch_results::record::{HookCost, Sample, Workload, average};

use crate::show;
use crate::show::activity::{self, ActivityRow};
use crate::show::html::{Block, Column, Row, Table};
use crate::show::table::{self, Align};

/// Returns a table of the page; the first column names the rows.
pub fn table(caption: impl Into<String>, table: table::Table) -> Block {
    let mut columns = table.columns.into_iter();
    let corner = columns.next().map(|(name, _)| name).unwrap_or_default();
    let rows = table.rows.into_iter().map(|row| {
        let mut cells = row.into_iter();
        Row {
            name: cells.next().unwrap_or_default(),
            cells: cells.collect(),
        }
    });
    Block::Table(Table {
        caption: caption.into(),
        corner,
        columns: columns
            .map(|(name, align)| Column {
                name,
                numeric: align == Align::Right,
            })
            .collect(),
        rows: rows.collect(),
    })
}

/// Returns a table of the trackers' counters; `None` if there is nothing to show.
pub fn observed(rows: &[(String, Observed)]) -> Option<Block> {
    let counted = show::observed::observed(rows)?;
    Some(table(
        "Counted by the trackers while they were measured; \"queue ever\": since the module was loaded",
        counted,
    ))
}

/// Returns the activity of the whole machine per iteration, and the counts that are missing;
/// nothing for files of versions that did not count it.
pub fn activity(rows: &[ActivityRow]) -> Vec<Block> {
    let counted = activity::table(rows).map(|counted| table(activity::CAPTION, counted));
    let missing = activity::missing(rows.iter().filter_map(|row| row.activity.as_ref()));
    let missing = (!missing.is_empty()).then_some(Block::List(missing));
    counted.into_iter().chain(missing).collect()
}

/// Returns the lines that will-it-scale prints, folded.
pub fn raw(
    title: String,
    workload: &Workload,
    warmup: &[Sample],
    samples: &[Sample],
) -> Result<Block> {
    let mut lines = Vec::new();
    let testcase = workload.testcase.description(workload.pages);
    lines.extend(format!("testcase:{testcase}\nwarmup\n").into_bytes());
    for sample in warmup {
        show::text::write_sample(&mut lines, sample, false)?;
    }
    lines.extend(b"measurement\n");
    for sample in samples {
        show::text::write_sample(&mut lines, sample, false)?;
    }
    lines.extend(format!("average:{}\n", average(samples)).into_bytes());
    Ok(Block::Folded {
        title,
        blocks: vec![Block::Listing {
            title: "Loops a second: the slowest task, the fastest one, all together".into(),
            text: String::from_utf8(lines)?,
        }],
    })
}

/// Returns the target of the hook, and the hook's own cost.
pub fn hook(target: Option<&Target>, cost: Option<&HookCost>) -> Vec<Block> {
    let target = target.into_iter();
    target
        .flat_map(|target| {
            let lines = [target.to_string(), show::hook::describe(cost)];
            lines.map(Block::Text)
        })
        .collect()
}

/// Returns warnings about counts that show that the measurement went wrong.
pub fn warnings(rows: &[(String, Observed)]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (tracker, observed) in rows {
        let violations = observed.counters.violations;
        if violations > 0 {
            warnings.push(format!(
                "{tracker}: {violations} waits returned too early: the tracker is wrong, and so is \
                 its speed."
            ));
        }
        let calls = observed.calls.unwrap_or_default();
        if calls.missed > 0 {
            warnings.push(format!(
                "{tracker}: {} of {} calls went without a block.",
                calls.missed,
                calls.missed + calls.hits
            ));
        }
    }
    warnings
}
