// SPDX-License-Identifier: GPL-2.0

//! seize.

use seize::{Collector, Guard};

use super::{Batch, Candidate, Entry, Kind};
use crate::epoch::Cpu;
use crate::pairs::pairs;

pub fn entries() -> Vec<Entry> {
    vec![Entry::new(
        "seize",
        Kind::Reclamation,
        "Collector::enter and drop of the guard, with membarrier(2) for the heavy side",
        Seize(Collector::new()),
    )]
}

struct Seize(Collector);

impl Candidate for Seize {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        // A thread's first guard creates its record.
        self.0.enter().flush();
        Box::new(SeizeBatch(&self.0))
    }
}

struct SeizeBatch<'c>(&'c Collector);

impl Batch for SeizeBatch<'_> {
    fn run(&mut self, pairs: u64) {
        let collector = self.0;
        pairs!(pairs, guard = collector.enter(), drop(guard));
    }
}
