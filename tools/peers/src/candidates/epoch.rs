// SPDX-License-Identifier: GPL-2.0

//! This project's epoch.

use super::{Batch, Candidate, Entry, Kind, names};
use crate::epoch::{Cpu, Reader};
use crate::pairs::pairs;

pub fn entries() -> Vec<Entry> {
    vec![Entry::new(
        names::EPOCH,
        Kind::Project,
        "Domain::enter and Domain::exit of rust/epoch/domain",
        EpochCandidate,
    )]
}

/// Candidate of the epoch whose CPU the thread is.
struct EpochCandidate;

impl Candidate for EpochCandidate {
    fn attach<'a>(&'a self, cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(EpochBatch(cpu.reader()))
    }
}

struct EpochBatch<'c>(Reader<'c>);

impl Batch for EpochBatch<'_> {
    fn run(&mut self, pairs: u64) {
        let reader = self.0;
        pairs!(pairs, section = reader.enter(), reader.exit(section));
    }
}
