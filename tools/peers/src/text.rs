// SPDX-License-Identifier: GPL-2.0

//! Report on the terminal.

use std::io::{self, Write};

use crate::goals::Outcome;
use crate::report::{Report, Row, Table};
use crate::stats::Measured;

/// Writes the environment and the parameters of the measurement.
pub fn head(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let machine = &report.machine;
    writeln!(out, "cpu:      {}", machine.cpu_model)?;
    writeln!(
        out,
        "cpus:     {} online, {} allowed to this process",
        machine.online_cpus,
        machine.allowed_cpus.len()
    )?;
    writeln!(out, "kernel:   {}", machine.kernel)?;
    writeln!(out, "machine:  {}", machine.machine)?;
    writeln!(
        out,
        "method:   {} processes, each of {} rounds, in each of them {} us of every candidate, in \
         an order\n          that rotates; no updater runs",
        report.method.processes, report.method.rounds, report.method.turn_us
    )?;
    writeln!(
        out,
        "figures:  nanoseconds of a thread for one enter and one exit, of an empty section; the \
         cost of\n          the measuring loop is in them (\"empty\"). Ratios: medians of the \
         ratios within a round.\n          Medians and ratios are those of the median process; \
         \"quartiles\" are the spread within\n          a process, and \"processes\" is from the \
         least of their medians to the greatest."
    )?;
    for skipped in &report.skipped {
        writeln!(out, "skipped:  {}: {}", skipped.name, skipped.why)?;
    }
    Ok(())
}

/// Writes a table and its goals.
pub fn table(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    let cpus: Vec<_> = table.cpus.iter().map(usize::to_string).collect();
    writeln!(out, "\n{}, on CPU {}", table.title(), cpus.join(", "))?;
    writeln!(
        out,
        "  {:<26} {:>7}  {:>13}  {:>13}  {:>7} {:>13}  {:>7} {:>13}",
        "", "median", "quartiles", "processes", "/ 2 inc", "processes", "/ epoch", "processes"
    )?;
    for row in &table.rows {
        write_row(out, row)?;
    }
    writeln!(out, "  goals")?;
    let processes = table.rows.first().map_or(0, |row| row.rounds_ns.len());
    for goal in &table.goals {
        write_goal(out, goal, processes)?;
    }
    Ok(())
}

/// Writes exact descriptions of the measured operations.
pub fn legend(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    writeln!(out, "\nwhat was measured")?;
    for row in &table.rows {
        writeln!(out, "  {:<26} {}", row.name, row.what)?;
    }
    Ok(())
}

fn write_row(out: &mut dyn Write, row: &Row) -> io::Result<()> {
    let ns = &row.ns;
    writeln!(
        out,
        "  {:<26} {:>7}  {:>13}  {:>13}  {:>7.2} {:>13}  {:>7.2} {:>13}",
        row.name,
        time(ns.median),
        format!("{}-{}", time(ns.first_quartile), time(ns.third_quartile)),
        format!("{}-{}", time(ns.least), time(ns.greatest)),
        row.to_bare.median,
        between(&row.to_bare),
        row.to_epoch.median,
        between(&row.to_epoch),
    )
}

/// Formats nanoseconds, to a picosecond unless that is below the noise.
fn time(ns: f64) -> String {
    let decimals = if ns < 10.0 { 3 } else { 1 };
    format!("{ns:.decimals$}")
}

/// Formats the range from the least process to the greatest.
fn between(ratio: &Measured) -> String {
    format!("{:.2}-{:.2}", ratio.least, ratio.greatest)
}

fn write_goal(out: &mut dyn Write, goal: &Outcome, processes: usize) -> io::Result<()> {
    let verdict = match goal.reached_in {
        Some(0) => "MISSED".to_owned(),
        Some(some) if some < processes => format!("in {some} of {processes}"),
        Some(_) => "reached".to_owned(),
        None => "not measured".to_owned(),
    };
    let measured = goal.ratio.map_or_else(String::new, |ratio| {
        format!(
            "{:.2} (quartiles {:.2}-{:.2}, processes {})",
            ratio.median,
            ratio.first_quartile,
            ratio.third_quartile,
            between(&ratio)
        )
    });
    writeln!(
        out,
        "  {:<30} {:<14} {:<13} {}",
        goal.goal, goal.wanted, verdict, measured
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::made_up;

    #[test]
    fn skipped_peers_and_missed_goals_are_named() {
        let report = made_up();
        let mut out = Vec::new();
        head(&mut out, &report).unwrap();
        table(&mut out, &report.tables[1]).unwrap();
        legend(&mut out, &report.tables[1]).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in [
            "cpu:      A <CPU>\n",
            "skipped:  rcu of tomorrow: it does not exist\n",
            "\n2 threads, on CPU 0, 1\n",
            "epoch / bare pair              at most 1.10   MISSED ",
            "epoch                      Domain::enter and Domain::exit of rust/epoch/domain\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}
