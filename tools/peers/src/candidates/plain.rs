// SPDX-License-Identifier: GPL-2.0

//! Candidates in C that need no library: the empty loop, and the C library's lock.

use super::{Batch, Candidate, Entry, Kind};
use crate::epoch::Cpu;

unsafe extern "C" {
    safe fn peer_empty_pairs(pairs: u64);
    safe fn peer_rwlock_pairs(pairs: u64);
}

pub fn empty() -> Vec<Entry> {
    vec![Entry::new(
        "empty (C)",
        Kind::Reference,
        "the measuring loop alone, as the C peers have it; subtracted from nothing",
        Function(peer_empty_pairs),
    )]
}

pub fn rwlock() -> Vec<Entry> {
    vec![Entry::new(
        "pthread_rwlock, read",
        Kind::Lock,
        "pthread_rwlock_rdlock and pthread_rwlock_unlock, one lock for all threads",
        Function(peer_rwlock_pairs),
    )]
}

/// A function that contains the whole loop, and needs no state of the thread.
struct Function(extern "C" fn(u64));

impl Candidate for Function {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(Function(self.0))
    }
}

impl Batch for Function {
    fn run(&mut self, pairs: u64) {
        (self.0)(pairs);
    }
}
