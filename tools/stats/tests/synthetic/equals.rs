// SPDX-License-Identifier: MIT OR Apache-2.0

//! Rates of proven differences, between equals and between others.

use epoch_stats::TTest;
use ministat::{Confidence, Dataset, Edition};

use crate::noise::{Design, Noise};

const COMPARISONS: usize = 10_000;
/// Accepted percentage of proven differences; 5 is expected.
const HONEST: std::ops::RangeInclusive<f64> = 1.0..=9.0;

/// Percentage of comparisons that proved a difference at 95 %: with ministat's Student, with
/// Welch's test, and with the paired one.
#[derive(Debug)]
struct Proven {
    student: f64,
    welch: f64,
    paired: f64,
}

/// Compares sides of which the second is greater by `difference`.
fn proven(noise: &mut Noise, design: Design, n: usize, difference: f64) -> Proven {
    let mut counts = [0; 3];
    for _ in 0..COMPARISONS {
        let (baseline, mut samples) = noise.sides(design, n);
        samples.iter_mut().for_each(|sample| *sample += difference);
        let proves = |test: Option<TTest>| test.unwrap().proves(0.95);
        let verdicts = [
            student(&baseline, &samples),
            proves(TTest::welch(&baseline, &samples)),
            proves(TTest::paired(&baseline, &samples)),
        ];
        for (count, proven) in counts.iter_mut().zip(verdicts) {
            *count += usize::from(proven);
        }
    }
    let [student, welch, paired] = counts.map(|count| 100.0 * count as f64 / COMPARISONS as f64);
    Proven {
        student,
        welch,
        paired,
    }
}

fn student(baseline: &[f64], samples: &[f64]) -> bool {
    let [baseline, samples] =
        [baseline, samples].map(|samples| Dataset::new("", samples.to_vec()).unwrap());
    ministat::compare(&samples, &baseline, Confidence::P95, Edition::Current).proven
}

/// Compares as [`proven`] does, and prints a row of the documentation's table.
fn row(noise: &mut Noise, name: &str, design: Design, n: usize, difference: f64) -> Proven {
    let proven = proven(noise, design, n, difference);
    let Proven {
        student,
        welch,
        paired,
    } = proven;
    println!("{n:3} {name:18} {design:12?} {student:6.2} {welch:6.2} {paired:6.2}");
    proven
}

const DESIGNS: [Design; 4] = [
    Design::Blocks,
    Design::Interleaved,
    Design::Alternating,
    Design::Random,
];

#[test]
fn all_tests_are_honest_with_independent_samples() {
    for n in [10, 30] {
        for design in DESIGNS {
            let shares = row(&mut Noise::new(1, 0.0), "independent", design, n, 0.0);
            for share in [shares.student, shares.welch, shares.paired] {
                assert!((4.0..=6.0).contains(&share), "{shares:?}");
            }
        }
    }
}

#[test]
fn the_paired_test_of_alternating_rounds_is_honest_with_autoregression() {
    for n in [10, 30] {
        for phi in [0.3, 0.6, 0.9] {
            let [blocks, _, alternating, random] = DESIGNS.map(|design| {
                let name = format!("autoregressive {phi}");
                row(&mut Noise::new(2, phi), &name, design, n, 0.0)
            });
            assert!(blocks.student > 12.0 && blocks.welch > 12.0 && blocks.paired > 12.0);
            // This holds whatever the noise: reversing a round makes its difference negative, and
            // nothing else.
            assert!((4.0..=6.0).contains(&random.paired), "{random:?}");
            assert!(HONEST.contains(&alternating.paired), "{alternating:?}");
            // These tests take noise that both sides share for noise of the difference.
            assert!(alternating.student < 5.0 && alternating.welch < 5.0);
            if phi == 0.9 {
                assert!(!HONEST.contains(&alternating.student), "{alternating:?}");
                assert!(!HONEST.contains(&alternating.welch), "{alternating:?}");
            }
        }
    }
}

#[test]
fn alternating_rounds_bear_drift() {
    for n in [10, 30] {
        // Drift by five standard deviations from first to last.
        let drift = 5.0 / (2 * n) as f64;
        let [blocks, interleaved, alternating, _] = DESIGNS.map(|design| {
            row(
                &mut Noise::new(3, 0.0).drift(drift),
                "drift",
                design,
                n,
                0.0,
            )
        });
        assert!(blocks.student > 90.0 && blocks.welch > 90.0);
        assert!(interleaved.paired > alternating.paired);
        assert!(HONEST.contains(&alternating.paired), "{alternating:?}");
        assert!(!HONEST.contains(&alternating.student), "{alternating:?}");
    }
}

#[test]
fn the_paired_test_finds_more_where_rounds_share_noise() {
    let design = Design::Alternating;
    for (n, phi) in [0.0, 0.3, 0.6, 0.9]
        .into_iter()
        .flat_map(|phi| [(10, phi), (30, phi)])
    {
        let name = format!("+1, autoregr. {phi}");
        let shares = row(&mut Noise::new(4, phi), &name, design, n, 1.0);
        if phi == 0.0 {
            assert!(shares.paired > 0.85 * shares.welch, "{shares:?}");
        } else {
            assert!(shares.paired > shares.welch, "{shares:?}");
        }
    }
}
