// SPDX-License-Identifier: MIT OR Apache-2.0

//! Functions that take the most time, or whose share of it differs most.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::Stacks;

/// 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A part of all samples, with its 95 % confidence interval. All fields but the count are from 0
/// to 1.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Share {
    /// Number of samples.
    pub samples: u64,
    /// Share of all samples.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Share {
    /// Computes the share of `samples` in `all`, with Wilson's interval (E. B. Wilson, "Probable
    /// Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927), which holds
    /// for few samples as well. It assumes independent samples; consecutive samples of a CPU are
    /// not quite.
    pub fn new(samples: u64, all: u64) -> Self {
        if all == 0 {
            return Self {
                samples,
                share: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let n = all as f64;
        let share = samples as f64 / n;
        let scale = 1.0 + Z * Z / n;
        let center = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        Self {
            samples,
            share,
            low: (center - half).max(0.0),
            high: (center + half).min(1.0),
        }
    }
}

/// A function in a run. Its samples are those in itself, without the functions that it calls.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Function {
    /// Name of the function.
    pub function: String,
    /// Share of the function in the run.
    #[serde(flatten)]
    pub share: Share,
}

/// A function in two runs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Change {
    /// Name of the function.
    pub function: String,
    /// Share of the function in the first run.
    pub before: Share,
    /// Share of the function in the second run.
    pub after: Share,
}

impl Change {
    /// Returns the growth of the share, from -1 to 1.
    pub fn difference(&self) -> f64 {
        self.after.share - self.before.share
    }
}

/// Returns the `count` functions with the greatest shares.
pub fn functions(stacks: &Stacks, count: usize) -> Vec<Function> {
    let all = stacks.samples();
    let mut functions: Vec<_> = by_function(stacks)
        .into_iter()
        .map(|(function, samples)| Function {
            function: function.to_owned(),
            share: Share::new(samples, all),
        })
        .collect();
    functions.sort_by_key(|function| std::cmp::Reverse(function.share.samples));
    functions.truncate(count);
    functions
}

/// Returns the `count` functions whose shares differ most.
pub fn changes(before: &Stacks, after: &Stacks, count: usize) -> Vec<Change> {
    let runs = [before, after].map(|stacks| (by_function(stacks), stacks.samples()));
    let names: BTreeSet<_> = runs
        .iter()
        .flat_map(|(samples, _)| samples.keys())
        .collect();
    let share = |run: usize, name| {
        let (samples, all): &(BTreeMap<_, _>, _) = &runs[run];
        Share::new(samples.get(name).copied().unwrap_or(0), *all)
    };
    let mut changes: Vec<_> = names
        .into_iter()
        .map(|name| Change {
            function: (*name).to_owned(),
            before: share(0, name),
            after: share(1, name),
        })
        .collect();
    let size = |change: &Change| change.difference().abs();
    changes.sort_by(|a, b| size(b).total_cmp(&size(a)));
    changes.truncate(count);
    changes
}

fn by_function(stacks: &Stacks) -> BTreeMap<&str, u64> {
    let mut samples = BTreeMap::new();
    for (function, count) in stacks.self_samples() {
        *samples.entry(function).or_default() += count;
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_wilsons_interval() {
        // From table I of R. G. Newcombe, "Two-sided confidence intervals for the
        // single proportion", Statistics in Medicine 17, 1998 (method 3).
        for (samples, all, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let share = Share::new(samples, all);
            assert!((share.low - low).abs() < 5e-5, "{share:?}");
            assert!((share.high - high).abs() < 5e-5, "{share:?}");
        }
        let nothing = Share::new(0, 0);
        assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    }
}
