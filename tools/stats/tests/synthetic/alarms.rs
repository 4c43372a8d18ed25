// SPDX-License-Identifier: MIT OR Apache-2.0

//! Warnings on good samples, and on bad ones.

use epoch_stats::{Warning, of_comparison, of_samples};

use crate::noise::{Design, Noise};

const SETS: usize = 2000;
/// Upper bound, since the dip's simulation takes its time.
const SAMPLES: usize = 30_000;
/// Limit in percent, for each kind of warning: the aim is 1, and chance adds to it.
const RARE: f64 = 1.5;

/// Returns the percentage of sets with each kind of warning.
fn kinds(warnings: &[Vec<Warning>]) -> Vec<(&'static str, f64)> {
    let kind = |warning: &Warning| match warning {
        Warning::TooFew { .. } => "too few",
        Warning::FewIterations { .. } => "few iterations",
        Warning::Drift { .. } => "drift",
        Warning::Autocorrelated { .. } => "autocorrelated",
        Warning::Bimodal { .. } => "bimodal",
        Warning::RoundsAutocorrelated { .. } => "rounds autocorrelated",
        Warning::UnequalVariances { .. } => "unequal variances",
        Warning::Imprecise { .. } => "imprecise",
    };
    let mut kinds: Vec<(&str, f64)> = Vec::new();
    for warning in warnings.iter().flatten() {
        let kind = kind(warning);
        let share = 100.0 / warnings.len() as f64;
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += share,
            None => kinds.push((kind, share)),
        }
    }
    kinds
}

#[test]
fn good_samples_are_seldom_warned_of() {
    for n in [6, 10, 30, 100] {
        let mut noise = Noise::new(7, 0.0);
        let mut good = || -> Vec<f64> {
            let samples = noise.samples(n).into_iter();
            samples.map(|x| 100.0 + 3.0 * x).collect()
        };
        let sets = (SAMPLES / n).min(SETS);
        let samples: Vec<_> = (0..sets).map(|_| of_samples(&good())).collect();
        let comparisons: Vec<_> = (0..SETS)
            .map(|_| of_comparison(&good(), &good(), 0.95))
            .collect();
        for (kind, share) in kinds(&samples).into_iter().chain(kinds(&comparisons)) {
            println!("{n:3} {kind}: {share:.2}");
            assert!(share <= RARE, "{n} {kind}: {share}");
        }
    }
}

/// Returns the percentage of sets with such a warning.
fn share(n: usize, is: impl Fn(&Warning) -> bool, bad: impl Fn(&[f64]) -> Vec<f64>) -> f64 {
    let mut noise = Noise::new(8, 0.0);
    let sets = 200;
    let found = (0..sets).filter(|_| of_samples(&bad(&noise.samples(n))).iter().any(&is));
    100.0 * found.count() as f64 / f64::from(sets)
}

#[test]
fn drift_is_found() {
    let is = |warning: &Warning| matches!(warning, Warning::Drift { percent, .. } if (4.0..60.0).contains(percent));
    // 30 % and ten standard deviations from first to last.
    let found = share(10, is, |noise| {
        let rising = noise.iter().enumerate();
        rising
            .map(|(index, x)| 100.0 + 3.0 * (x + 10.0 * index as f64 / 9.0))
            .collect()
    });
    assert!(found > 99.0, "{found}");
}

#[test]
fn groups_are_found() {
    let is = |warning: &Warning| matches!(warning, Warning::Bimodal { .. });
    for (n, apart) in [(10, 20.0), (30, 8.0)] {
        let found = share(n, is, |noise| {
            // Half of the samples in each of two groups that are `apart` standard deviations
            // apart, in no order that would be a trend.
            let group = |index: usize| {
                if [0, 3].contains(&(index % 4)) {
                    0.0
                } else {
                    apart
                }
            };
            let samples = noise.iter().enumerate();
            samples.map(|(index, x)| 100.0 + x + group(index)).collect()
        });
        println!("{n} bimodal: {found}");
        assert!(found > 95.0, "{n}: {found}");
    }
}

#[test]
fn autocorrelation_is_found() {
    let is = |warning: &Warning| {
        matches!(
            warning,
            Warning::Autocorrelated { .. } | Warning::Drift { .. }
        )
    };
    let mut noise = Noise::new(9, 0.9);
    let found = (0..200).filter(|_| of_samples(&noise.samples(60)).iter().any(is));
    let found = found.count();
    assert!(found > 198, "{found}");
    let alternating = share(
        10,
        |warning| matches!(warning, Warning::Autocorrelated { coefficient } if *coefficient < 0.0),
        |noise| {
            let samples = noise.iter().enumerate();
            samples
                .map(|(index, x)| 100.0 + x + 20.0 * (index % 2) as f64)
                .collect()
        },
    );
    assert!(alternating > 99.0, "{alternating}");
}

#[test]
fn rounds_that_depend_on_each_other_are_found() {
    let mut noise = Noise::new(10, 0.9);
    let found = (0..200).filter(|_| {
        let (baseline, samples) = (vec![100.0; 60], noise.samples(60));
        of_comparison(&baseline, &samples, 0.95)
            .iter()
            .any(|warning| matches!(warning, Warning::RoundsAutocorrelated { .. }))
    });
    let found = found.count();
    assert!(found > 198, "{found}");
}

#[test]
fn imprecision_is_found_and_what_would_do() {
    let mut noise = Noise::new(11, 0.0);
    let mut sides = |n| {
        let (baseline, samples) = noise.sides(Design::Alternating, n);
        let scaled = |samples: Vec<f64>| -> Vec<f64> {
            samples.into_iter().map(|x| 100.0 + 30.0 * x).collect()
        };
        (scaled(baseline), scaled(samples))
    };
    let mut warned = 0;
    for _ in 0..200 {
        let (baseline, samples) = sides(10);
        for warning in of_comparison(&baseline, &samples, 0.95) {
            if let Warning::Imprecise { percent, needed } = warning {
                warned += 1;
                assert!(
                    (10.0..80.0).contains(&percent) && needed > 10,
                    "{warning:?}"
                );
            }
        }
    }
    assert!(warned > 180, "{warned}");
    // Some 70 are needed: 1.96 * 30 % * sqrt(2 / 70) = 10 %.
    let (baseline, samples) = sides(100);
    assert_eq!(of_comparison(&baseline, &samples, 0.95), []);
}

#[test]
fn students_test_that_welchs_contradicts_is_found() {
    // The smaller side scatters more: the pooled variance is too small.
    let baseline: Vec<f64> = (0..40).map(|index| f64::from(index % 5) / 10.0).collect();
    let samples = [0.0, 1.4, 2.4, -1.2, 1.9, -0.6, 2.3];
    let warnings = of_comparison(&baseline, &samples, 0.95);
    assert!(
        matches!(warnings[..], [Warning::UnequalVariances { student, welch }] if student < 0.05 && welch > 0.05),
        "{warnings:?}"
    );
}

#[test]
fn few_samples_are_warned_of() {
    assert_eq!(
        of_samples(&[1.0, 2.0, 3.0]),
        [Warning::TooFew { samples: 3 }]
    );
    assert_eq!(of_samples(&[7.0; 10]), []);
}
