// SPDX-License-Identifier: MIT OR Apache-2.0

//! Differences between saved runs, as text: what differs between the machines first, then the rates
//! and their ratios.

use anyhow::{Result, bail, ensure};
use epoch_results::judge::diff::{self, Difference, Run, Unit};
use epoch_results::record::Workload;
use epoch_stats::Interval;
use ministat::Confidence;

use super::comparison::proven;
use super::export::{Results, Series};
use super::table::{Align, Table};

/// Facts of the environment that are the same on one machine with one kernel.
const FACTS: [&str; 4] = ["kernel", "cpus", "machine", "clocksource"];

/// Differences between the files of two sides.
pub struct Diff {
    /// Facts that differ between the machines and kernels, a line each.
    differs: Vec<String>,
    rows: Vec<Row>,
    confidence: Confidence,
}

/// A rate or a ratio, and its difference.
struct Row {
    name: String,
    of: Of,
    difference: Difference,
}

/// Subject of a row.
#[derive(Clone, Copy)]
enum Of {
    /// Rate of the series with this number.
    Rate(usize),
    /// Ratio of the series with the first number to that with the second.
    Ratio(usize, usize),
}

impl Diff {
    /// Compares files of the same load.
    pub fn of(old: &[Results], new: &[Results], confidence: Confidence) -> Result<Self> {
        let Some(first) = old.first() else {
            bail!("there are no files of before");
        };
        for other in old.iter().chain(new) {
            check(first, other)?;
        }
        let runs = |of: Of, side: &[Results]| -> Vec<Run> {
            let run = |file: &Results| {
                Some(Run {
                    boot: file.environment.boot_id.clone(),
                    mean: of.mean(file)?,
                })
            };
            side.iter().filter_map(run).collect()
        };
        let mut subjects = Vec::new();
        let mut differences = Vec::new();
        for (name, of) in rows(first) {
            if let Some(difference) = Difference::of(&runs(of, old), &runs(of, new), confidence) {
                subjects.push((name, of));
                differences.push(difference);
            }
        }
        ensure!(
            !subjects.is_empty(),
            "no iteration was done before: there is nothing to compare"
        );
        diff::adjust(&mut differences, confidence);
        Ok(Self {
            differs: differs(old, new),
            rows: subjects
                .into_iter()
                .zip(differences)
                .map(|((name, of), difference)| Row {
                    name,
                    of,
                    difference,
                })
                .collect(),
            confidence,
        })
    }

    /// Returns the whole output.
    pub fn text(&self) -> String {
        let mut lines = self.differs.clone();
        lines.push(self.table().text());
        lines.extend(self.notes());
        lines.join("\n") + "\n"
    }

    fn table(&self) -> Table {
        let rows = &self.rows;
        let mut table = Table::default();
        let spread = |spread: Option<f64>| spread.map_or("-".into(), |of| format!("{of:.1}%"));
        table.push("of", Align::Left, rows, |row| row.name.clone());
        table.push("old", Align::Right, rows, |row| {
            row.of.number(row.difference.old.mean)
        });
        table.push("spread", Align::Right, rows, |row| {
            spread(row.difference.old.spread_percent)
        });
        table.push("new", Align::Right, rows, |row| {
            row.of.number(row.difference.new.mean)
        });
        table.push("spread", Align::Right, rows, |row| {
            spread(row.difference.new.spread_percent)
        });
        table.push("change", Align::Right, rows, |row| {
            format!("{:+.1}%", row.difference.percent)
        });
        let level = self.confidence.to_string();
        table.push(&level, Align::Left, rows, |row| {
            match row.difference.interval {
                Some(Interval { low, high }) => format!("{low:+.1}% to {high:+.1}%"),
                None => "-".into(),
            }
        });
        table.push("verdict", Align::Left, rows, |row| match row.difference.p {
            Some(_) => proven(row.difference.proven).into(),
            None => "no verdict".into(),
        });
        table
    }

    fn notes(&self) -> Vec<String> {
        let Some(Row { difference, .. }) = self.rows.first() else {
            return Vec::new();
        };
        let Difference { unit, old, new, .. } = difference;
        let units = match (unit, old.units) {
            (Unit::Boot, 1) => "boot",
            (Unit::Boot, _) => "boots",
            (Unit::Run, 1) => "run",
            (Unit::Run, _) => "runs",
        };
        let mut notes = vec![format!(
            "compared: means of {} {units} of before with {} of now, by Welch's test, Holm over {} \
             rows; spread: their standard deviation",
            old.units,
            new.units,
            self.rows.len()
        )];
        if old.units < 2 || new.units < 2 {
            notes.push(
                "no verdict: boots and runs differ by themselves, and one of a side does not say by \
                 how much: name files of more boots with --old and --new"
                    .into(),
            );
        }
        if *unit == Unit::Run {
            notes.push(
                "all runs are of one boot: what changes from boot to boot is in none of these \
                 figures"
                    .into(),
            );
        }
        notes
    }
}

impl Of {
    /// Formats a mean: rates have no decimals, ratios have three.
    fn number(self, mean: f64) -> String {
        match self {
            Self::Rate(_) => format!("{mean:.0}"),
            Self::Ratio(..) => format!("{mean:.3}x"),
        }
    }

    fn mean(self, file: &Results) -> Option<f64> {
        let samples = |index: usize| &file.series[index].samples[..];
        match self {
            Self::Rate(index) => Some(file.series[index].statistics.mean),
            Self::Ratio(index, baseline) => diff::ratio(samples(baseline), samples(index)),
        }
    }
}

/// Returns the names of the rates and ratios of a file. The first tracker with each number of tasks
/// is the baseline.
fn rows(file: &Results) -> Vec<(String, Of)> {
    let name = |of: &Series| format!("{}, {} {}", of.tracker, of.workload.tasks, of.carrier());
    let rates = file.series.iter().enumerate();
    let rates = rates.map(|(index, of)| (name(of), Of::Rate(index)));
    let ratios = file.series.iter().enumerate().filter_map(|(index, of)| {
        let tasks = |other: &Series| other.workload.tasks == of.workload.tasks;
        let baseline = file.series.iter().position(tasks)?;
        let ratio = format!("{}/{}", of.tracker, name(&file.series[baseline]));
        (baseline != index).then_some((ratio, Of::Ratio(index, baseline)))
    });
    rates.chain(ratios).collect()
}

/// Refuses files of other loads or trackers.
fn check(first: &Results, other: &Results) -> Result<()> {
    let trackers = |of: &Results| -> Vec<(String, usize)> {
        let series = of.series.iter();
        series
            .map(|of| (of.tracker.clone(), of.workload.tasks))
            .collect()
    };
    let (expected, found) = (trackers(first), trackers(other));
    ensure!(
        expected == found,
        "the files have other trackers, or other numbers of tasks: {expected:?} and {found:?}"
    );
    for (one, other) in first.series.iter().zip(&other.series) {
        let load = |workload: &Workload| Workload {
            cpus: None,
            interval_ms: 0,
            ..workload.clone()
        };
        let (one, other) = (load(&one.workload), load(&other.workload));
        ensure!(
            one == other,
            "the files are of other loads: {one:?} and {other:?}"
        );
    }
    Ok(())
}

/// Returns a line for each fact that differs between the sides, or within one.
fn differs(old: &[Results], new: &[Results]) -> Vec<String> {
    let values = |side: &[Results], fact: &str| -> String {
        let facts = side.iter().flat_map(|of| of.environment.facts());
        let mut values: Vec<_> = facts
            .filter(|(name, _)| *name == fact)
            .map(|(_, value)| value)
            .collect();
        values.sort();
        values.dedup();
        values.join(" and ")
    };
    let mut lines: Vec<_> = FACTS
        .into_iter()
        .filter_map(|fact| {
            let [before, after] = [old, new].map(|side| values(side, fact));
            (before != after || before.contains(" and "))
                .then(|| format!("differs: {fact}: {before} -> {after}"))
        })
        .collect();
    if lines.is_empty() {
        lines.push("machine, kernel and clock source are the same".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{compared, sweep};

    /// A comparison of mutex and epoch, each with three samples around this total.
    fn run(boot: &str, mutex: u64, epoch: u64) -> Results {
        let around = |total: u64| [total - 1, total, total + 1];
        let mut report = compared("epoch", &around(mutex), &around(epoch));
        report.environment.boot_id = Some(boot.into());
        report.into()
    }

    fn text(old: &[Results], new: &[Results]) -> String {
        Diff::of(old, new, Confidence::P95).unwrap().text()
    }

    #[test]
    fn what_differs_is_said_first() {
        let mut new = run("b", 1100, 2100);
        new.environment.kernel = "7.4".into();
        let expected = "\
            differs: kernel: 7.3 -> 7.4\n\
            of                         old  spread     new  spread  change  95%  verdict\n\
            mutex, 96 processes       1000       -    1100       -  +10.0%  -    no verdict\n\
            epoch, 96 processes       2000       -    2100       -   +5.0%  -    no verdict\n\
            epoch/mutex, 96 processes  2.000x       -  1.909x       -   -4.5%  -    no verdict\n";
        let text = text(&[run("a", 1000, 2000)], &[new]);
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(String::from).collect() };
        assert!(words(&text).starts_with(&words(expected)), "{text}");
        assert!(
            text.contains("\nno verdict: boots and runs differ by themselves"),
            "{text}"
        );
    }

    #[test]
    fn several_boots_have_a_verdict() {
        let old = [
            run("a", 1000, 2000),
            run("b", 1010, 2020),
            run("c", 990, 1980),
        ];
        let new = [
            run("d", 1100, 2201),
            run("e", 1110, 2219),
            run("f", 1090, 2180),
        ];
        let text = text(&old, &new);
        assert!(
            text.starts_with("machine, kernel and clock source are the same\n"),
            "{text}"
        );
        let verdicts: Vec<_> = text.lines().skip(2).take(3).collect();
        assert!(
            verdicts[0].ends_with("  proven") && verdicts[1].ends_with("  proven"),
            "{text}"
        );
        assert!(verdicts[2].ends_with("  not proven"), "{text}");
        assert!(
            text.contains("means of 3 boots of before with 3 of now"),
            "{text}"
        );
    }

    #[test]
    fn other_loads_are_refused() {
        let old = [run("a", 1000, 2000)];
        let refused = |new: Results, why: &str| {
            let error = Diff::of(&old, &[new], Confidence::P95)
                .map(|_| ())
                .unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        refused(
            compared("spin", &[1, 2, 3], &[1, 2, 3]).into(),
            "other trackers",
        );
        refused(
            sweep(&[(1, [1, 2, 3], [1, 2, 3])]).into(),
            "other numbers of tasks",
        );
        let mut pages = run("a", 1000, 2000);
        pages.series[1].workload.pages = Some(7);
        refused(pages, "other loads");
    }
}
