// SPDX-License-Identifier: MIT OR Apache-2.0

//! Functions that take the most time, or whose share of it differs most.

use std::collections::{BTreeMap, BTreeSet};

use epoch_results::record::{Change, Function, Share};

use super::fold::Stacks;

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
