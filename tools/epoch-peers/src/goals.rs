// SPDX-License-Identifier: GPL-2.0

//! What is to be reached. A figure that misses is reported, and no error: it depends on the machine.

use serde::Serialize;

use crate::candidates::names;
use crate::stats::Spread;

/// A bound on the ratio of two candidates.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// In words.
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

/// All of them.
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

/// How a goal fared.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The two that it is about.
    pub goal: &'static str,
    /// The bound.
    pub wanted: String,
    /// The ratio, or null if one of the two was not measured.
    pub ratio: Option<Spread>,
    /// Whether the median ratio keeps the bound; null as above.
    pub reached: Option<bool>,
}

impl Goal {
    /// Judges it; `figures` gives the figures of a candidate, if it was measured.
    pub fn judge<'a>(&self, figures: impl Fn(&str) -> Option<&'a [f64]>) -> Outcome {
        let ratio = figures(self.numerator)
            .zip(figures(self.denominator))
            .map(|(numerator, denominator)| Spread::of_ratios(numerator, denominator));
        Outcome {
            goal: self.text,
            wanted: self.bound.text(),
            reached: ratio.map(|ratio| self.bound.holds(ratio.median)),
            ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_the_median_and_only_if_both_were_measured() {
        let figures = |bare: &'static [f64]| {
            move |name: &str| match name {
                names::EPOCH => Some(&[1.0, 1.0, 1.0][..]),
                names::BARE => Some(bare),
                _ => None,
            }
        };
        let judge = |goal: usize, bare| GOALS[goal].judge(figures(bare)).reached;
        assert_eq!(judge(0, &[0.95, 1.0, 0.5]), Some(true));
        assert_eq!(judge(0, &[0.9, 1.0, 0.5]), Some(false));
        assert_eq!(judge(1, &[]), None);
    }
}
