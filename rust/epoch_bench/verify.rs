// SPDX-License-Identifier: GPL-2.0

//! The verifier: whether waits have waited.
//!
//! What a tracker promises: when `wait(key)` returns, no block is open that was opened, and had noted
//! `key`, before the call. Each worker has a place here where it writes, while the verifier is on, what
//! its open block has noted; *after* it was noted, and it is wiped out *before* the block is closed. A
//! waiter looks at all places before it waits and after. If one says the same both times, and names the
//! key, then that block was noted before the call and is open after it: a violation.
//!
//! Seen too late, or gone too early, a block is not missed by the tracker but by the verifier; so what
//! it reports is a violation, whatever the timing. A block's number keeps it from being taken for a
//! later one in the same place, unless 2^24 of those passed during one wait.
//!
//! Barriers: `noted` is a release, and `watch` an acquire, so that whoever has seen the block has seen
//! `page` to have been called; `closing` is a release before `finish`, whatever of that the waiter sees
//! by way of the tracker it sees with it.

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
    once::Once,
    task::Comm, //
};

/// How many bits of a place's word say which key is the first, and how many say how many there are.
const KEY_BITS: u32 = 20;
const KEY_MASK: u64 = (1 << KEY_BITS) - 1;

/// How many violations the log tells of.
const REPORTS: u64 = 10;

/// A worker's place. Nobody else writes to it.
#[repr(align(64))]
struct Place {
    /// What the open block has noted: its number, the first key, and how many keys there are from that
    /// on; 0 if there is no such block.
    noted: Atomic<u64>,
    /// The number of the last block that was noted here, by whatever worker.
    number: Once,
    since_ns: Once,
    /// The tracker that it is a block of.
    kind: Once,
    pid: Once,
    cpu: Once,
    comm: [Atomic<u64>; 2],
}

impl Place {
    fn new() -> Self {
        Self {
            noted: Atomic::new(0),
            number: Once::new(0),
            since_ns: Once::new(0),
            kind: Once::new(0),
            pid: Once::new(0),
            cpu: Once::new(0),
            comm: [Atomic::new(0), Atomic::new(0)],
        }
    }
}

/// What a waiter has seen before it waited.
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

/// Finds waits that returned too early.
pub(crate) struct Verifier {
    on: Once,
    places: KVVec<Place>,
    /// No place from here on has been used.
    used: Atomic<u32>,
    violations: [Atomic<u64>; Kind::COUNT],
}

impl Verifier {
    /// A verifier with so many places.
    pub(crate) fn new(on: bool, places: u32) -> Result<Self> {
        let mut all = KVVec::with_capacity(places as usize, GFP_KERNEL)?;
        for _ in 0..places {
            all.push(Place::new(), GFP_KERNEL)?;
        }
        Ok(Self {
            on: Once::new(on.into()),
            places: all,
            used: Atomic::new(0),
            violations: [const { Atomic::new(0) }; Kind::COUNT],
        })
    }

    /// Whether it verifies.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.on.read() != 0
    }

    /// Says whether it verifies: from the next block, and the next wait on.
    pub(crate) fn turn(&self, on: bool) {
        self.on.write(on.into());
    }

    /// The violations of this tracker: of its blocks that were open.
    pub(crate) fn violations(&self, kind: Kind) -> u64 {
        self.violations[kind as usize].load(Relaxed)
    }

    /// A worker has got this place.
    pub(crate) fn use_place(&self, place: u32) {
        let mut used = self.used.load(Relaxed);
        while used <= place {
            // Full, or rather more than the release that those who see the place's block need.
            match self.used.cmpxchg(used, place + 1, Full) {
                Ok(_) => break,
                // Others use more by now, or at least as many.
                Err(others) => used = others,
            }
        }
    }

    /// The open block of `kind` of the worker at `place` has noted `count` keys from `first` on. To be called after
    /// it has.
    pub(crate) fn noted(&self, kind: Kind, place: u32, first: u32, count: u32) {
        let place = &self.places[place as usize];
        let number = place.number.read().wrapping_add(1);
        place.number.write(number);
        place.since_ns.write(clock::monotonic_ns() as usize);
        place.kind.write(kind as usize);
        place.pid.write(current!().pid() as usize);
        place
            .cpu
            .write(kernel::cpu::CpuId::current().as_u32() as usize);
        for (word, half) in place.comm.iter().zip(Comm::current().to_words()) {
            word.store(half, Relaxed);
        }
        let count = u64::from(count).min(KEY_MASK);
        // Pairs with the acquire in `read`.
        place.noted.store(
            (number as u64) << (2 * KEY_BITS) | u64::from(first) << KEY_BITS | count,
            Release,
        );
    }

    /// The block of the worker at `place` is about to be closed.
    pub(crate) fn closing(&self, place: u32) {
        self.places[place as usize].noted.store(0, Release);
    }

    fn read(&self, place: usize) -> u64 {
        self.places[place].noted.load(Acquire)
    }

    /// Looks at the blocks that are open, before a wait for `key`.
    pub(crate) fn watch(&self, watched: &mut Watched, key: usize) -> Result {
        watched.key = key;
        watched.places.clear();
        for place in 0..self.used.load(Acquire) as usize {
            watched.places.push(self.read(place), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Looks at them again, after the wait.
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
        let place = &self.places[place];
        let kind = Kind::ALL[place.kind.read()];
        let found = self.violations[kind as usize].fetch_add(1, Relaxed);
        if found >= REPORTS {
            return;
        }
        let comm = Comm::from_words([place.comm[0].load(Relaxed), place.comm[1].load(Relaxed)]);
        let age_us = clock::monotonic_ns().saturating_sub(place.since_ns.read() as u64) / 1000;
        pr_err!(
            "verify: {}: wait for page {} returned to {} (pid {}, CPU {}) while a block was open: {} (pid {}, CPU {}) noted the page {} us ago\n",
            kind.name(),
            key,
            Comm::current(),
            current!().pid(),
            kernel::cpu::CpuId::current().as_u32(),
            comm,
            place.pid.read(),
            place.cpu.read(),
            age_us,
        );
        if found + 1 == REPORTS {
            pr_err!("verify: {}: no more of these are reported\n", kind.name());
        }
    }
}
