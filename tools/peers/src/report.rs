// SPDX-License-Identifier: GPL-2.0

//! Results, as `--json` writes them and the other outputs read them.

use host::environment::Environment;
use serde::Serialize;

use crate::candidates::{Entry, Kind, names};
use crate::goals::{GOALS, Outcome};
use crate::measure::{Figures, Plan};
use crate::stats::{Measured, Spread};

/// `epoch-peers/2`: all times are nanoseconds for one enter and one exit.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `epoch-peers/2`
    pub schema: &'static str,
    /// Environment of the measurement.
    pub machine: Machine,
    /// Parameters of the measurement.
    pub method: Method,
    /// A table for each number of threads.
    pub tables: Vec<Table>,
    /// Candidates that this program was built without.
    pub skipped: Vec<Skipped>,
}

/// Environment of the measurement.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu_model: String,
    /// CPUs that are online.
    pub online_cpus: usize,
    /// CPUs that this process may use.
    pub allowed_cpus: Vec<usize>,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Bare metal, or the name of the hypervisor.
    pub machine: String,
}

impl Machine {
    /// Detects the environment.
    pub fn detect(allowed_cpus: &[usize]) -> Self {
        let environment = Environment::detect(None);
        Self {
            cpu_model: environment.cpu_model,
            online_cpus: environment.online_cpus,
            allowed_cpus: allowed_cpus.to_vec(),
            kernel: environment.kernel,
            machine: environment.machine,
        }
    }
}

/// Parameters of the measurement.
#[derive(Debug, Serialize)]
pub struct Method {
    /// Number of consecutive processes for each number of threads.
    pub processes: usize,
    /// Rounds in a process; each has one turn of every candidate.
    pub rounds: usize,
    /// Length of a turn.
    pub turn_us: u128,
    /// Pairs in one iteration of the measuring loop.
    pub pairs_per_loop_turn: u64,
}

/// Costs with one number of concurrent threads.
#[derive(Debug, Serialize)]
pub struct Table {
    /// Number of threads.
    pub threads: usize,
    /// CPU of each thread.
    pub cpus: Vec<usize>,
    /// The candidates.
    pub rows: Vec<Row>,
    /// Results of the goals.
    pub goals: Vec<Outcome>,
}

/// Costs of a candidate.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Name of the candidate.
    pub name: &'static str,
    /// Kind of the candidate.
    pub kind: Kind,
    /// Exact description of the measured operations.
    pub what: String,
    /// Time of a thread for a pair.
    pub ns: Measured,
    /// Multiple of the bare pair's time, round by round.
    pub to_bare: Measured,
    /// Multiple of the epoch's time, round by round.
    pub to_epoch: Measured,
    /// Time of a thread for a pair, for each process and round.
    pub rounds_ns: Vec<Vec<f64>>,
}

/// A candidate that was not measured.
#[derive(Debug, Serialize)]
pub struct Skipped {
    /// Name of the candidate.
    pub name: &'static str,
    /// Reason, and how to fix it.
    pub why: &'static str,
}

impl Method {
    /// Describes a measurement.
    pub fn of(processes: usize, rounds: usize, turn: std::time::Duration) -> Self {
        Self {
            processes,
            rounds,
            turn_us: turn.as_micros(),
            pairs_per_loop_turn: crate::pairs::PAIRS_PER_TURN,
        }
    }
}

impl Table {
    /// Creates the table from the figures that each of `processes` measured for `entries`.
    pub fn new(plan: &Plan, entries: &[&Entry], processes: &[Figures]) -> Self {
        let ratios = |one: &str, other: &str| {
            let index = |name| entries.iter().position(|entry| entry.name == name);
            let (one, other) = (index(one)?, index(other)?);
            let of_process = |figures: &Figures| Spread::of_ratios(&figures[one], &figures[other]);
            Some(processes.iter().map(of_process).collect::<Vec<_>>())
        };
        let to = |name, other| Measured::of(&ratios(name, other).unwrap_or_default());
        let goals = GOALS.iter().map(|goal| goal.judge(ratios)).collect();
        let rows = (entries.iter().enumerate())
            .map(|(index, entry)| {
                let figures = processes.iter().map(|process| &process[index]);
                let spreads = figures
                    .clone()
                    .map(|rounds| Spread::of(rounds.iter().copied()));
                Row {
                    name: entry.name,
                    kind: entry.kind,
                    what: entry.what.clone(),
                    ns: Measured::of(&spreads.collect::<Vec<_>>()),
                    to_bare: to(entry.name, names::BARE),
                    to_epoch: to(entry.name, names::EPOCH),
                    rounds_ns: figures.cloned().collect(),
                }
            })
            .collect();
        Self {
            threads: plan.cpus.len(),
            cpus: plan.cpus.clone(),
            rows,
            goals,
        }
    }

    /// Returns the heading of the table.
    pub fn title(&self) -> String {
        match self.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::time::Duration;

    /// A report of made-up figures: the second candidate takes 2 ns, the third 3, and so on.
    pub fn made_up() -> Report {
        let entries = crate::candidates::all();
        let entries: Vec<_> = entries.iter().collect();
        let tables = [1, 2].map(|threads| {
            let plan = Plan {
                rounds: 3,
                turn: Duration::from_millis(2),
                cpus: (0..threads).collect(),
            };
            let figures: Figures = (1..=entries.len())
                .map(|ns| [1.0, 1.25, 0.75].map(|part| part * ns as f64).to_vec())
                .collect();
            Table::new(&plan, &entries, &[figures.clone(), figures])
        });
        Report {
            schema: "epoch-peers/2",
            machine: Machine {
                cpu_model: "A <CPU>".into(),
                online_cpus: 2,
                allowed_cpus: vec![0, 1],
                kernel: "7.3".into(),
                machine: "bare metal".into(),
            },
            method: Method::of(2, 3, Duration::from_millis(2)),
            tables: tables.into(),
            skipped: vec![Skipped {
                name: "rcu of tomorrow",
                why: "it does not exist",
            }],
        }
    }

    #[test]
    fn rows_are_compared_with_the_bare_pair_and_with_the_epoch() {
        let report = made_up();
        for table in &report.tables {
            let row = |name| table.rows.iter().find(|row| row.name == name).unwrap();
            assert_eq!(row(names::BARE).to_bare.median, 1.0);
            assert_eq!(row(names::EPOCH).to_epoch.greatest, 1.0);
            let ratio = row(names::EPOCH).ns.median / row(names::BARE).ns.median;
            assert_eq!(row(names::EPOCH).to_bare.median, ratio);
            assert_eq!(table.goals[0].ratio.unwrap().median, ratio);
        }
    }

    #[test]
    fn json_says_what_it_is() {
        let json = serde_json::to_value(made_up()).unwrap();
        assert_eq!(json["schema"], "epoch-peers/2");
        assert_eq!(json["tables"][1]["threads"], 2);
        assert_eq!(json["skipped"][0]["why"], "it does not exist");
        assert_eq!(json["tables"][0]["goals"][0]["wanted"], "at most 1.10");
    }
}
