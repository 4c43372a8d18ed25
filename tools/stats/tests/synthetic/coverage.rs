// SPDX-License-Identifier: MIT OR Apache-2.0

//! Coverage of confidence intervals.

use epoch_stats::{Effect, ratio_interval};

use crate::noise::{Design, Noise};

const COMPARISONS: usize = 400;
/// Accepted coverage at 95 %, in percent.
const COVERAGE: std::ops::RangeInclusive<f64> = 91.0..=98.0;

/// Returns the percentage of comparisons whose interval holds the true ratio of 1.3.
fn ratio_coverage(phi: f64, n: usize, transform: impl Fn(f64) -> f64) -> f64 {
    let mut noise = Noise::new(5, phi);
    let hits = (0..COMPARISONS).filter(|_| {
        let (baseline, samples) = noise.sides(Design::Alternating, n);
        let baseline: Vec<f64> = baseline.into_iter().map(&transform).collect();
        let samples: Vec<f64> = samples.into_iter().map(|x| 1.3 * transform(x)).collect();
        ratio_interval(&baseline, &samples, 0.95)
            .unwrap()
            .contains(1.3)
    });
    100.0 * hits.count() as f64 / COMPARISONS as f64
}

#[test]
fn the_ratios_interval_holds_the_ratio() {
    for (n, phi) in [
        (6, 0.0),
        (10, 0.0),
        (10, 0.6),
        (10, 0.9),
        (30, 0.0),
        (30, 0.6),
    ] {
        let normal = ratio_coverage(phi, n, |x| 100.0 + 5.0 * x);
        let lognormal = ratio_coverage(phi, n, |x| (0.3 * x).exp());
        println!("ratio: n {n}, autoregressive {phi}: normal {normal:.1} lognormal {lognormal:.1}");
        assert!(COVERAGE.contains(&normal) && COVERAGE.contains(&lognormal));
    }
}

#[test]
fn the_effects_interval_holds_the_effect() {
    for (n, effect) in [(10, 0.0), (10, 1.0), (10, 5.0), (30, 1.0)] {
        let mut noise = Noise::new(6, 0.0);
        let hits = (0..COMPARISONS).filter(|_| {
            let (baseline, samples) = noise.sides(Design::Random, n);
            let samples: Vec<f64> = samples.into_iter().map(|x| x + effect).collect();
            let g = Effect::hedges_g(&baseline, &samples, 0.95).unwrap();
            g.interval.contains(effect)
        });
        let coverage = 100.0 * hits.count() as f64 / COMPARISONS as f64;
        println!("effect {effect}: n {n}: {coverage:.1}");
        assert!(COVERAGE.contains(&coverage), "{effect} {n}: {coverage}");
    }
}
