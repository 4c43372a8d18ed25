// SPDX-License-Identifier: MIT OR Apache-2.0

//! Gunther's Universal Scalability Law, a model of how throughput depends on
//! the number of tasks.

mod fit;
mod model;

pub use fit::{Mean, fit};
pub use model::{Estimate, Model, Peak};

/// Fewest numbers of tasks that it is fitted to: one more than it has
/// parameters.
pub const MIN_POINTS: usize = 4;

/// `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// What a task does alone, a second.
    pub lambda: f64,
    /// Contention: the share of the time that only one task can have.
    pub sigma: f64,
    /// Coherency: what each pair of tasks costs.
    pub kappa: f64,
}

impl Law {
    /// What so many tasks do a second.
    pub fn at(&self, tasks: f64) -> f64 {
        self.lambda * tasks / self.slowdown(tasks)
    }

    fn slowdown(&self, tasks: f64) -> f64 {
        1.0 + self.sigma * (tasks - 1.0) + self.kappa * tasks * (tasks - 1.0)
    }

    /// The number of tasks that do most, at least one; none if more tasks always
    /// do more.
    pub fn peak(&self) -> Option<f64> {
        if self.sigma >= 1.0 {
            Some(1.0)
        } else if self.kappa > 0.0 {
            Some(((1.0 - self.sigma) / self.kappa).sqrt().max(1.0))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_where_more_tasks_do_less() {
        let law = Law {
            lambda: 1000.0,
            sigma: 0.02,
            kappa: 0.0005,
        };
        let peak = law.peak().unwrap();
        assert!((peak - 44.27).abs() < 0.01, "{peak}");
        assert!(law.at(peak) > law.at(peak - 1.0) && law.at(peak) > law.at(peak + 1.0));
        assert_eq!(law.at(1.0), 1000.0);
    }

    #[test]
    fn without_coherency_there_is_no_peak() {
        let law = |sigma, kappa| Law {
            lambda: 1.0,
            sigma,
            kappa,
        };
        assert_eq!(law(0.5, 0.0).peak(), None);
        assert_eq!(law(1.5, 0.0).peak(), Some(1.0));
        assert_eq!(law(0.0, 9.0).peak(), Some(1.0));
    }
}
