// SPDX-License-Identifier: GPL-2.0

//! crossbeam-epoch.

use crossbeam_epoch::{Collector, LocalHandle};

use super::{Batch, Candidate, Entry, Kind, names};
use crate::epoch::Cpu;
use crate::pairs::pairs;

pub fn entries() -> Vec<Entry> {
    vec![Entry::new(
        names::CROSSBEAM,
        Kind::Reclamation,
        "LocalHandle::pin, which spares the look at thread-local data, and drop of the guard",
        Crossbeam(Collector::new()),
    )]
}

struct Crossbeam(Collector);

impl Candidate for Crossbeam {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(Handle(self.0.register()))
    }
}

struct Handle(LocalHandle);

impl Batch for Handle {
    fn run(&mut self, pairs: u64) {
        let handle = &self.0;
        pairs!(pairs, guard = handle.pin(), drop(guard));
    }
}
