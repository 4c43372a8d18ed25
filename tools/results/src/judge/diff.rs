// SPDX-License-Identifier: MIT OR Apache-2.0

//! Differences between saved runs.
//!
//! Samples of one run say how much samples differ, and nothing of how much runs and boots do: the
//! layout of memory, the frequency of CPUs and the host's other guests stay for a run, or for a
//! boot. So the units that are compared are the means of boots, or of runs where all are of one
//! boot, and one of each side proves nothing.

use std::collections::BTreeMap;

use epoch_stats::{Interval, TTest};
use ministat::Confidence;

use super::level;
use crate::record::{Sample, Statistics};

/// One saved run of a tracker, or of a ratio of two.
#[derive(Clone, Debug)]
pub struct Run {
    /// Identifies the boot; `None` in files of older versions, each of which counts as one of its
    /// own.
    pub boot: Option<String>,
    /// Mean of the run.
    pub mean: f64,
}

/// Runs of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Mean of the units.
    pub mean: f64,
    /// Number of units.
    pub units: usize,
    /// Standard deviation of the units in percent of the mean; `None` of a single one.
    pub spread_percent: Option<f64>,
}

/// Kind of the units that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Boots.
    Boot,
    /// Runs of one boot.
    Run,
}

/// Difference between the runs of two sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The units that are compared.
    pub unit: Unit,
    /// The runs of before.
    pub old: Side,
    /// The runs of now.
    pub new: Side,
    /// Change in percent of the old mean.
    pub percent: f64,
    /// Confidence interval of `percent`; `None` with a single unit on a side.
    pub interval: Option<Interval>,
    /// P-value of Welch's test of the units; `None` with a single one on a side.
    pub p: Option<f64>,
    /// True if the test proves a difference.
    pub proven: bool,
}

impl Difference {
    /// Compares the runs of two sides. Returns `None` without runs on a side, and if the old mean
    /// is 0.
    pub fn of(old: &[Run], new: &[Run], confidence: Confidence) -> Option<Self> {
        let boots = |runs: &[Run]| -> Option<Vec<String>> {
            let mut boots: Vec<_> = runs
                .iter()
                .map(|run| run.boot.clone())
                .collect::<Option<_>>()?;
            boots.sort();
            boots.dedup();
            Some(boots)
        };
        let one_boot = boots(&[old, new].concat()).is_some_and(|boots| boots.len() == 1);
        let unit = if one_boot { Unit::Run } else { Unit::Boot };
        let units = |runs: &[Run]| match unit {
            Unit::Run => runs.iter().map(|run| run.mean).collect(),
            Unit::Boot => by_boot(runs),
        };
        let (before, after): (Vec<f64>, Vec<f64>) = (units(old), units(new));
        let (old, new) = (Side::of(&before)?, Side::of(&after)?);
        if old.mean == 0.0 {
            return None;
        }
        let test = TTest::welch(&before, &after);
        let level = level(confidence);
        let percent = |of: f64| 100.0 * of / old.mean;
        Some(Self {
            unit,
            percent: percent(new.mean - old.mean),
            interval: test.as_ref().map(|test| {
                let Interval { low, high } = test.interval(level);
                Interval {
                    low: percent(low),
                    high: percent(high),
                }
            }),
            p: test.as_ref().map(TTest::p),
            proven: test.is_some_and(|test| test.proves(level)),
            old,
            new,
        })
    }
}

/// Adjusts the verdicts for their number, by Holm's procedure.
pub fn adjust(differences: &mut [Difference], confidence: Confidence) {
    let mut tested: Vec<_> = differences.iter_mut().filter(|of| of.p.is_some()).collect();
    let ps: Vec<_> = tested.iter().filter_map(|of| of.p).collect();
    for (difference, p) in tested.iter_mut().zip(epoch_stats::holm(&ps)) {
        difference.p = Some(p);
        difference.proven = p < 1.0 - level(confidence);
    }
}

impl Side {
    fn of(units: &[f64]) -> Option<Self> {
        let n = units.len();
        if n == 0 {
            return None;
        }
        let mean = units.iter().sum::<f64>() / n as f64;
        let squares: f64 = units.iter().map(|unit| (unit - mean).powi(2)).sum();
        let spread = 100.0 * (squares / (n.max(2) - 1) as f64).sqrt() / mean;
        Some(Self {
            mean,
            units: n,
            spread_percent: Some(spread).filter(|of| n > 1 && of.is_finite()),
        })
    }
}

/// Returns the mean of each boot; a run of an unknown boot has one of its own.
fn by_boot(runs: &[Run]) -> Vec<f64> {
    let mut boots: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut means = Vec::new();
    for run in runs {
        match &run.boot {
            Some(boot) => boots.entry(boot).or_default().push(run.mean),
            None => means.push(run.mean),
        }
    }
    let boots = boots.into_values();
    means.extend(boots.map(|means| means.iter().sum::<f64>() / means.len() as f64));
    means
}

/// Returns the ratio of the means of two trackers that were sampled side by side: what a run or a boot
/// does to both cancels out. `None` if the baseline did nothing.
pub fn ratio(baseline: &[Sample], samples: &[Sample]) -> Option<f64> {
    let (baseline, samples) = (Statistics::of(baseline), Statistics::of(samples));
    (baseline.mean > 0.0 && samples.n > 0).then(|| samples.mean / baseline.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(means: &[(&str, f64)]) -> Vec<Run> {
        let run = |&(boot, mean): &(&str, f64)| Run {
            boot: (!boot.is_empty()).then(|| boot.into()),
            mean,
        };
        means.iter().map(run).collect()
    }

    fn difference(old: &[(&str, f64)], new: &[(&str, f64)]) -> Difference {
        Difference::of(&runs(old), &runs(new), Confidence::P95).unwrap()
    }

    #[test]
    fn one_run_of_each_side_proves_nothing() {
        for boots in [["a", "a"], ["a", "b"], ["", ""]] {
            let difference = difference(&[(boots[0], 100.0)], &[(boots[1], 200.0)]);
            assert_eq!((difference.percent, difference.interval), (100.0, None));
            assert!(!difference.proven && difference.old.spread_percent.is_none());
        }
    }

    #[test]
    fn runs_of_a_boot_count_as_one() {
        let old = [("a", 100.0), ("a", 101.0), ("a", 99.0)];
        let new = [("b", 110.0), ("b", 111.0), ("b", 109.0)];
        let of = difference(&old, &new);
        assert_eq!((of.unit, of.old.units, of.proven), (Unit::Boot, 1, false));
        let new = new.map(|(_, mean)| ("a", mean));
        let of = difference(&old, &new);
        assert_eq!((of.unit, of.old.units, of.proven), (Unit::Run, 3, true));
    }

    #[test]
    fn boots_are_compared_by_welchs_test() {
        let old = [("a", 100.0), ("b", 101.0), ("c", 99.0)];
        let new = [("d", 110.0), ("e", 111.0), ("f", 109.0)];
        let of = difference(&old, &new);
        assert_eq!((of.unit, of.new.units, of.percent), (Unit::Boot, 3, 10.0));
        assert!(of.proven && of.old.spread_percent == Some(1.0), "{of:?}");
        let Interval { low, high } = of.interval.unwrap();
        assert!(
            (low - 7.73).abs() < 0.01 && (high - 12.27).abs() < 0.01,
            "{of:?}"
        );
        assert_eq!(Difference::of(&[], &runs(&new), Confidence::P95), None);
    }

    /// Boots that differ by 2 %, with samples that differ by 0.5 %: the same kernel is called
    /// different in one of twenty comparisons at most, and by the samples alone in most.
    #[test]
    fn equals_of_several_boots_are_seldom_called_different() {
        const COMPARISONS: usize = 2000;
        let mut random = fastrand::Rng::with_seed(17);
        let mut normal = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        for boots in [2, 3, 5, 10] {
            let (mut wrong, mut naive) = (0, 0);
            for _ in 0..COMPARISONS {
                let mut side = |name: &str| -> (Vec<Run>, Vec<f64>) {
                    let mut samples = Vec::new();
                    let runs = (0..boots).map(|boot| {
                        let of_boot = 100.0 + 2.0 * normal();
                        let all: Vec<_> = (0..10).map(|_| of_boot + 0.5 * normal()).collect();
                        let mean = all.iter().sum::<f64>() / 10.0;
                        samples.extend(all);
                        Run {
                            boot: Some(format!("{name}{boot}")),
                            mean,
                        }
                    });
                    (runs.collect(), samples)
                };
                let ((old, before), (new, after)) = (side("a"), side("b"));
                let difference = Difference::of(&old, &new, Confidence::P95).unwrap();
                wrong += u32::from(difference.proven);
                naive += u32::from(TTest::welch(&before, &after).unwrap().proves(0.95));
            }
            let percent = |count: u32| 100.0 * f64::from(count) / COMPARISONS as f64;
            let (wrong, naive) = (percent(wrong), percent(naive));
            println!("{boots} boots: {wrong:.1} %, by their samples {naive:.1} %");
            assert!(wrong <= 6.0 && naive > 40.0, "{boots}: {wrong} {naive}");
        }
    }
}
