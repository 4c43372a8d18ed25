// SPDX-License-Identifier: MIT OR Apache-2.0

//! Gunther's Universal Scalability Law, a model of throughput as a function of the number of
//! tasks.

mod fit;
mod model;

pub use fit::{Mean, fit};

/// Fewest numbers of tasks that the law is fitted to: one more than it has parameters.
pub const MIN_POINTS: usize = 4;

/// The law: `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Iterations of a single task a second.
    pub lambda: f64,
    /// Contention: the share of the time that only one task can have.
    pub sigma: f64,
    /// Coherency: the cost of each pair of tasks.
    pub kappa: f64,
}

impl Law {
    /// Returns the iterations of this many tasks a second.
    pub fn at(&self, tasks: f64) -> f64 {
        self.lambda * tasks / self.slowdown(tasks)
    }

    fn slowdown(&self, tasks: f64) -> f64 {
        1.0 + self.sigma * (tasks - 1.0) + self.kappa * tasks * (tasks - 1.0)
    }

    /// Returns the number of tasks with the highest throughput, at least one, or `None` if
    /// throughput always rises with tasks.
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
