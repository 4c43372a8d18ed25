// SPDX-License-Identifier: MIT OR Apache-2.0

//! Samples like those of a computer.

use std::f64::consts::TAU;

/// The order in which the samples of the two sides are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// AAA BBB: first all of one, then all of the other.
    Blocks,
    /// AB AB AB
    Interleaved,
    /// AB BA AB
    Alternating,
    /// AB or BA, at random.
    Random,
}

/// An autoregressive process, x(t) = phi x(t - 1) + noise, with mean 0 and
/// variance 1, and a steady drift on top.
pub struct Noise {
    random: fastrand::Rng,
    phi: f64,
    drift: f64,
    last: f64,
    count: f64,
}

impl Noise {
    pub fn new(seed: u64, phi: f64) -> Self {
        let mut noise = Self {
            random: fastrand::Rng::with_seed(seed),
            phi,
            drift: 0.0,
            last: 0.0,
            count: 0.0,
        };
        noise.restart();
        noise
    }

    /// Adds a steady drift: each sample has this much more added than the one before.
    pub fn drift(self, drift: f64) -> Self {
        Self { drift, ..self }
    }

    /// Makes the next samples independent of all before.
    pub fn restart(&mut self) {
        self.last = normal(&mut self.random);
        self.count = 0.0;
    }

    pub fn sample(&mut self) -> f64 {
        let innovation = normal(&mut self.random) * (1.0 - self.phi.powi(2)).sqrt();
        self.last = self.phi * self.last + innovation;
        self.count += 1.0;
        self.last + self.drift * self.count
    }

    pub fn samples(&mut self, n: usize) -> Vec<f64> {
        self.restart();
        (0..n).map(|_| self.sample()).collect()
    }

    /// Returns the samples of the two sides, in this many rounds.
    pub fn sides(&mut self, design: Design, n: usize) -> (Vec<f64>, Vec<f64>) {
        if design == Design::Blocks {
            let mut first = self.samples(2 * n);
            let second = first.split_off(n);
            return (first, second);
        }
        self.restart();
        let rounds = (0..n).map(|round| {
            let (one, other) = (self.sample(), self.sample());
            let turned = match design {
                Design::Alternating => round % 2 == 1,
                Design::Random => self.random.bool(),
                _ => false,
            };
            if turned { (other, one) } else { (one, other) }
        });
        rounds.unzip()
    }
}

/// Returns a normal deviate, by the method of Box and Muller.
pub fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (TAU * random.f64()).cos()
}
