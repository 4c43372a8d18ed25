// SPDX-License-Identifier: MIT OR Apache-2.0

//! Several comparisons with one baseline, how many samples a difference takes, and equivalence.

use epoch_stats::{TTest, Warning, equivalence, holm, of_comparison};

use crate::noise::Noise;

const RUNS: usize = 4000;

/// Returns the rounds of several equal trackers.
fn equals(noise: &mut Noise, trackers: usize, rounds: usize) -> Vec<Vec<f64>> {
    (0..trackers)
        .map(|_| {
            noise
                .samples(rounds)
                .iter()
                .map(|x| 100.0 + 3.0 * x)
                .collect()
        })
        .collect()
}

/// Of seven equal trackers, at least one is called different from the first in a fifth of runs, and
/// adjusted in a twentieth at most.
#[test]
fn holm_keeps_the_error_rate_of_a_whole_run() {
    let mut noise = Noise::new(11, 0.0);
    let mut wrong = [0; 2];
    for _ in 0..RUNS {
        let trackers = equals(&mut noise, 7, 10);
        let ps: Vec<_> = trackers[1..]
            .iter()
            .map(|samples| TTest::paired(&trackers[0], samples).unwrap().p())
            .collect();
        for (wrong, ps) in wrong.iter_mut().zip([&ps, &holm(&ps)]) {
            *wrong += usize::from(ps.iter().any(|p| *p < 0.05));
        }
    }
    let [plain, adjusted] = wrong.map(|wrong| 100.0 * wrong as f64 / RUNS as f64);
    println!("at least one of 6 comparisons: {plain:.1} %, adjusted {adjusted:.1} %");
    assert!(plain > 15.0, "{plain}");
    assert!((2.0..=5.5).contains(&adjusted), "{adjusted}");
}

/// With as many samples as a pilot's warning asks for, a difference of 10 % is proven in some four
/// of five comparisons.
#[test]
fn the_samples_asked_for_are_enough() {
    let mut noise = Noise::new(12, 0.0);
    let mut side = |n: usize, mean: f64| -> Vec<f64> {
        noise.samples(n).iter().map(|x| mean + 17.0 * x).collect()
    };
    let (mut pilots, mut proven) = (0, 0);
    for _ in 0..RUNS {
        let warnings = of_comparison(&side(10, 100.0), &side(10, 100.0), 0.95);
        let needed = warnings.iter().find_map(|warning| match warning {
            Warning::Imprecise { needed, .. } => Some(*needed),
            _ => None,
        });
        let Some(needed) = needed else { continue };
        let test = TTest::paired(&side(needed, 100.0), &side(needed, 110.0)).unwrap();
        pilots += 1;
        proven += u32::from(test.proves(0.95));
    }
    let power = 100.0 * f64::from(proven) / f64::from(pilots);
    println!("{pilots} pilots, {power:.1} % proven");
    assert!(pilots > 2000 && (74.0..=86.0).contains(&power), "{power}");
}

/// A tracker that is exactly 3 % off is called within 3 % in a twentieth of runs, and an equal one
/// almost always.
#[test]
fn equivalence_has_its_error_rate() {
    let mut noise = Noise::new(13, 0.0);
    let mut share = |factor: f64| {
        let within = (0..RUNS).filter(|_| {
            let baseline: Vec<_> = noise.samples(10).iter().map(|x| 100.0 + x).collect();
            let samples: Vec<_> = noise
                .samples(10)
                .iter()
                .map(|x| factor * (100.0 + x))
                .collect();
            equivalence(&baseline, &samples, 0.03).unwrap() < 0.05
        });
        100.0 * within.count() as f64 / RUNS as f64
    };
    let [below, above, equal] = [0.97, 1.03, 1.0].map(&mut share);
    println!("within 3 %: at 0.97 {below:.1} %, at 1.03 {above:.1} %, equals {equal:.1} %");
    assert!((4.0..=6.0).contains(&below) && (4.0..=6.0).contains(&above));
    assert!(equal > 99.0);
}
