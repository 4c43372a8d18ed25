// SPDX-License-Identifier: GPL-2.0

//! Goals of the comparison. A missed goal is reported, but is not an error: it depends on the
//! machine.

use serde::Serialize;

use crate::candidates::names;
use crate::stats::{Measured, Spread};

/// A bound on the ratio of two candidates.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Description of the ratio.
    pub text: &'static str,
    numerator: &'static str,
    denominator: &'static str,
    bound: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least:.2}"),
            Self::AtMost(most) => format!("at most {most:.2}"),
        }
    }
}

/// All goals.
pub const GOALS: [Goal; 5] = [
    Goal {
        text: "epoch / bare pair",
        numerator: names::EPOCH,
        denominator: names::BARE,
        bound: Bound::AtMost(1.10),
    },
    Goal {
        text: "ck_epoch / epoch",
        numerator: names::CK,
        denominator: names::EPOCH,
        bound: Bound::AtLeast(2.0),
    },
    Goal {
        text: "ck_epoch with section / epoch",
        numerator: names::CK_SECTION,
        denominator: names::EPOCH,
        bound: Bound::AtLeast(5.0),
    },
    Goal {
        text: "crossbeam-epoch / epoch",
        numerator: names::CROSSBEAM,
        denominator: names::EPOCH,
        bound: Bound::AtLeast(3.0),
    },
    Goal {
        text: "liburcu memb / epoch",
        numerator: names::URCU_MEMB,
        denominator: names::EPOCH,
        bound: Bound::AtLeast(1.0),
    },
];

/// Result of a goal.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Description of the ratio.
    pub goal: &'static str,
    /// Bound of the ratio.
    pub wanted: String,
    /// Ratio, or null if one of the two was not measured.
    pub ratio: Option<Measured>,
    /// Number of processes whose median ratio keeps the bound, or null if one of the two was not
    /// measured.
    pub reached_in: Option<usize>,
}

impl Goal {
    /// Judges the goal; `ratios` returns the ratios of two candidates in each process, if both
    /// were measured.
    pub fn judge(&self, ratios: impl Fn(&str, &str) -> Option<Vec<Spread>>) -> Outcome {
        let ratios = ratios(self.numerator, self.denominator);
        let reached = |processes: &Vec<Spread>| {
            let holds = |process: &&Spread| self.bound.holds(process.median);
            processes.iter().filter(holds).count()
        };
        Outcome {
            goal: self.text,
            wanted: self.bound.text(),
            reached_in: ratios.as_ref().map(reached),
            ratio: ratios.as_deref().map(Measured::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_medians_and_only_if_both_were_measured() {
        let judge = |goal: usize, processes: &[[f64; 3]]| {
            let ratios = |one: &str, other: &str| {
                assert_ne!(one, other);
                (one == names::EPOCH).then(|| processes.iter().copied().map(Spread::of).collect())
            };
            GOALS[goal].judge(ratios).reached_in
        };
        let (kept, missed) = ([1.0, 1.09, 2.0], [1.0, 1.11, 1.12]);
        assert_eq!(judge(0, &[kept, kept]), Some(2));
        assert_eq!(judge(0, &[missed, kept, missed]), Some(1));
        assert_eq!(judge(1, &[]), None);
    }
}
