// SPDX-License-Identifier: GPL-2.0

//! The verifier: checks that waits do not return too early.
//!
//! A tracker promises: when `wait(key)` returns, no block is open that was opened, and had noted
//! `key`, before the call. While the verifier is on, each worker records here, in a place of its
//! own, the keys that its open block has noted. It does so *after* they were noted, and clears the
//! record *before* the block is closed. A waiter reads all places before it waits and after. If a
//! record is the same both times, and names the key, then that block noted the key before the call
//! and is open after it: a violation.
//!
//! A record that is seen too late, or cleared too early, hides a block from the verifier only; so
//! each report is a violation, whatever the timing. A block's number distinguishes it from later
//! ones in the same place, unless 2^24 of those passed during one wait.
//!
//! Barriers: `noted` is a release, and `watch` an acquire, so that a waiter that sees a record also
//! sees the call of `page`. `closing` is a release before `finish`: a waiter that sees any part of
//! `finish` by way of the tracker also sees the record cleared.

use crate::trackers::Kind;
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    }, //
};
use kernel_ext::{
    clock,
    once::OnceWord,
    task::Comm, //
};

/// Number of bits of a record's word that say which key is the first, and of those that say how many
/// keys there are.
const KEY_BITS: u32 = 20;
const KEY_MASK: u64 = (1 << KEY_BITS) - 1;

/// Number of violations of a tracker that are logged.
const REPORTS: u64 = 10;

/// Record of the worker in a place. Only that worker writes to it.
#[repr(align(64))]
struct Record {
    /// Record of the open block: its number, the first key that it noted, and the number of keys
    /// from that on; 0 if there is no such block.
    noted: Atomic<u64>,
    /// Number of the last block that was recorded here, by any worker.
    number: OnceWord,
    since_ns: OnceWord,
    /// The tracker of the last block that was recorded here.
    kind: OnceWord,
    pid: OnceWord,
    cpu: OnceWord,
    comm: [Atomic<u64>; 2],
}

impl Record {
    fn new() -> Self {
        Self {
            noted: Atomic::new(0),
            number: OnceWord::new(0),
            since_ns: OnceWord::new(0),
            kind: OnceWord::new(0),
            pid: OnceWord::new(0),
            cpu: OnceWord::new(0),
            comm: [Atomic::new(0), Atomic::new(0)],
        }
    }
}

/// Records that a waiter saw before it waited.
pub(crate) struct Watched {
    places: KVVec<u64>,
    key: usize,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self {
            places: KVVec::new(),
            key: 0,
        }
    }
}

/// Detector of waits that return too early.
pub(crate) struct Verifier {
    on: OnceWord,
    /// One for each place.
    records: KVVec<Record>,
    /// Places from this one on have never been used.
    used: Atomic<u32>,
    violations: [Atomic<u64>; Kind::COUNT],
}

impl Verifier {
    /// Creates a verifier with `places` places.
    pub(crate) fn new(on: bool, places: u32) -> Result<Self> {
        let mut all = KVVec::with_capacity(places as usize, GFP_KERNEL)?;
        for _ in 0..places {
            all.push(Record::new(), GFP_KERNEL)?;
        }
        Ok(Self {
            on: OnceWord::new(on.into()),
            records: all,
            used: Atomic::new(0),
            violations: [const { Atomic::new(0) }; Kind::COUNT],
        })
    }

    /// Returns whether the verifier is on.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.on.read() != 0
    }

    /// Turns the verifier on or off, from the next block and the next wait on.
    pub(crate) fn turn(&self, on: bool) {
        self.on.write(on.into());
    }

    /// Returns the number of violations of this tracker, by its blocks that were open.
    pub(crate) fn violations(&self, kind: Kind) -> u64 {
        self.violations[kind as usize].load(Relaxed)
    }

    /// Records that a worker has got this place.
    pub(crate) fn use_place(&self, place: u32) {
        let mut used = self.used.load(Relaxed);
        while used <= place {
            // Full, which is more than the release that is needed; pairs with the acquire in
            // `watch`.
            match self.used.cmpxchg(used, place + 1, Full) {
                Ok(_) => break,
                // Another worker has raised it since.
                Err(others) => used = others,
            }
        }
    }

    /// Records that the open block in `kind` of the worker at `place` has noted `count` keys from
    /// `first` on. Call after it has.
    pub(crate) fn noted(&self, kind: Kind, place: u32, first: u32, count: u32) {
        let record = &self.records[place as usize];
        let number = record.number.read().wrapping_add(1);
        record.number.write(number);
        record.since_ns.write(clock::monotonic_ns() as usize);
        record.kind.write(kind as usize);
        record.pid.write(current!().pid() as usize);
        record
            .cpu
            .write(kernel::cpu::CpuId::current().as_u32() as usize);
        for (word, half) in record.comm.iter().zip(Comm::current().to_words()) {
            word.store(half, Relaxed);
        }
        let count = u64::from(count).min(KEY_MASK);
        // Pairs with the acquire in `read`.
        record.noted.store(
            (number as u64) << (2 * KEY_BITS) | u64::from(first) << KEY_BITS | count,
            Release,
        );
    }

    /// Records that the block of the worker at `place` is about to be closed.
    pub(crate) fn closing(&self, place: u32) {
        self.records[place as usize].noted.store(0, Release);
    }

    fn read(&self, place: usize) -> u64 {
        self.records[place].noted.load(Acquire)
    }

    /// Reads the records of open blocks, before a wait for `key`.
    pub(crate) fn watch(&self, watched: &mut Watched, key: usize) -> Result {
        watched.key = key;
        watched.places.clear();
        for place in 0..self.used.load(Acquire) as usize {
            watched.places.push(self.read(place), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Reads the records again after the wait, and reports violations.
    pub(crate) fn judge(&self, watched: &Watched) {
        for (place, &before) in watched.places.iter().enumerate() {
            let (first, count) = (before >> KEY_BITS & KEY_MASK, before & KEY_MASK);
            let noted = first..first + count;
            if noted.contains(&(watched.key as u64)) && self.read(place) == before {
                self.report(place, watched.key);
            }
        }
    }

    fn report(&self, place: usize, key: usize) {
        let record = &self.records[place];
        let kind = Kind::ALL[record.kind.read()];
        let found = self.violations[kind as usize].fetch_add(1, Relaxed);
        if found >= REPORTS {
            return;
        }
        let comm = Comm::from_words([record.comm[0].load(Relaxed), record.comm[1].load(Relaxed)]);
        let age_us = clock::monotonic_ns().saturating_sub(record.since_ns.read() as u64) / 1000;
        pr_err!(
            "verify: {}: wait for page {} returned to {} (pid {}, CPU {}) while a block was open: {} (pid {}, CPU {}) noted the page {} us ago\n",
            kind.name(),
            key,
            Comm::current(),
            current!().pid(),
            kernel::cpu::CpuId::current().as_u32(),
            comm,
            record.pid.read(),
            record.cpu.read(),
            age_us,
        );
        if found + 1 == REPORTS {
            pr_err!("verify: {}: no more violations are reported\n", kind.name());
        }
    }
}
