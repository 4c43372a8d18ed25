// SPDX-License-Identifier: GPL-2.0

//! Candidates of the comparison. A new peer is one new file, and one line in [`all`].

mod ck;
mod crossbeam;
mod epoch;
mod instructions;
mod locks;
mod plain;
mod seize;
mod urcu;

use crate::epoch::Cpu;

/// Names that goals and ratios refer to.
pub mod names {
    /// The bare pair, the lower bound.
    pub const BARE: &str = "two inc gs:";
    /// This project's epoch.
    pub const EPOCH: &str = "epoch";
    /// ck_epoch without a section.
    pub const CK: &str = "ck_epoch";
    /// ck_epoch with a section.
    pub const CK_SECTION: &str = "ck_epoch, section";
    /// liburcu's memb flavour.
    pub const URCU_MEMB: &str = "liburcu memb";
    /// The crate crossbeam-epoch.
    pub const CROSSBEAM: &str = "crossbeam-epoch";
}

/// A candidate of the comparison, shared by all threads.
pub trait Candidate: Sync {
    /// Prepares the calling thread for measurements.
    fn attach<'a>(&'a self, cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a>;
}

/// A candidate on one thread.
pub trait Batch {
    /// Enters and exits this many times, a multiple of
    /// [`PAIRS_PER_TURN`](crate::pairs::PAIRS_PER_TURN).
    fn run(&mut self, pairs: u64);
}

/// Kind of a candidate, for the colours of the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Costs of the measurement and of the hardware.
    Reference,
    /// This project's epoch.
    Project,
    /// Another deferred reclamation.
    Reclamation,
    /// A lock.
    Lock,
}

/// An entry of the comparison.
pub struct Entry {
    /// Name in the tables.
    pub name: &'static str,
    /// Kind of the candidate.
    pub kind: Kind,
    /// Exact description of the measured operations.
    pub what: String,
    /// The candidate, or the reason why it is missing.
    pub candidate: Result<Box<dyn Candidate>, &'static str>,
}

impl Entry {
    fn new(
        name: &'static str,
        kind: Kind,
        what: impl Into<String>,
        candidate: impl Candidate + 'static,
    ) -> Self {
        Self {
            name,
            kind,
            what: what.into(),
            candidate: Ok(Box::new(candidate)),
        }
    }

    /// Creates the entry of a peer that this program was built without.
    #[allow(dead_code)]
    fn missing(name: &'static str, what: impl Into<String>, why: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Reclamation,
            what: what.into(),
            candidate: Err(why),
        }
    }
}

/// Returns all entries, in the order of the tables.
pub fn all() -> Vec<Entry> {
    [
        plain::empty(),
        instructions::entries(),
        epoch::entries(),
        urcu::entries(),
        ck::entries(),
        crossbeam::entries(),
        seize::entries(),
        locks::entries(),
        plain::rwlock(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::Epoch;
    use crate::pairs::PAIRS_PER_TURN;
    use std::thread;

    #[test]
    fn names_are_unique_and_those_of_the_goals_exist() {
        let names: Vec<_> = all().iter().map(|entry| entry.name).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name}");
        }
        for name in [
            names::BARE,
            names::EPOCH,
            names::CK,
            names::CK_SECTION,
            names::URCU_MEMB,
            names::CROSSBEAM,
        ] {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn all_run_on_several_threads_and_again_on_others() {
        let entries = all();
        for _ in 0..2 {
            let epoch = Epoch::new(3).unwrap();
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let cpu = epoch.cpu().unwrap();
                        for entry in &entries {
                            let Ok(candidate) = &entry.candidate else {
                                continue;
                            };
                            candidate.attach(&cpu).run(100 * PAIRS_PER_TURN);
                        }
                    });
                }
            });
            assert_eq!(epoch.readers(), 0);
        }
    }
}
