// SPDX-License-Identifier: GPL-2.0

//! Plain instructions on memory of the thread's own: the lower bound, and the cost of atomics.

use super::{Batch, Candidate, Entry, Kind, names};
use crate::epoch::{Bare, Cpu};
use crate::pairs::{pairs, section};

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::new(
            "empty (Rust)",
            Kind::Reference,
            "the measuring loop alone; subtracted from nothing",
            Empty,
        ),
        Entry::new(
            names::BARE,
            Kind::Reference,
            "two inc qword ptr gs:[register], the bare pair that this project's is compared with",
            Increments,
        ),
        Entry::new(
            "two lock inc",
            Kind::Reference,
            "two lock inc qword ptr gs:[register], the line not shared",
            LockedIncrements,
        ),
    ]
}

struct Empty;

impl Candidate for Empty {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(Self)
    }
}

impl Batch for Empty {
    fn run(&mut self, pairs: u64) {
        pairs!(pairs, () = section(), section());
    }
}

struct Increments;

impl Candidate for Increments {
    fn attach<'a>(&'a self, cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(IncrementsBatch(cpu.bare()))
    }
}

struct IncrementsBatch<'c>([Bare<'c>; 2]);

impl Batch for IncrementsBatch<'_> {
    fn run(&mut self, pairs: u64) {
        let [enter, exit] = self.0;
        pairs!(pairs, () = enter.increment(), exit.increment());
    }
}

struct LockedIncrements;

impl Candidate for LockedIncrements {
    fn attach<'a>(&'a self, cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(LockedIncrementsBatch(cpu.bare()))
    }
}

struct LockedIncrementsBatch<'c>([Bare<'c>; 2]);

impl Batch for LockedIncrementsBatch<'_> {
    fn run(&mut self, pairs: u64) {
        let [enter, exit] = self.0;
        pairs!(
            pairs,
            () = enter.increment_locked(),
            exit.increment_locked()
        );
    }
}
