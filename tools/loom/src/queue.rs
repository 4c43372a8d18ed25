// SPDX-License-Identifier: GPL-2.0

//! Explores the tracker `lockless`: its list is compiled unmodified, and runs on atomics that loom
//! tracks.
//!
//! Loom has no accesses of different sizes to the same memory, such as a compare-and-swap of
//! double width and accesses to the halves. So a pair is one atomic word, with the generation in
//! its high half and the link in its low half. A compare-exchange of the word is that of the pair;
//! reading a half reads the word; writing a half is a read-modify-write that leaves the other one
//! unchanged, as a store of half the width does. This cannot show the halves of one pair in
//! different order, as between the mark and the reading of the generation after it; there the list
//! requires an order explicitly.

#[path = "../../../rust/epoch_bench/trackers/lockless/queue.rs"]
#[allow(dead_code)]
mod list;

use loom::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use std::marker::PhantomData;

pub use list::{Link, Pair, Platform, Queue, Started};

/// Defects of the platform that the list runs on. Bugs of the list itself are patches, in
/// `mutants/`.
pub trait QueueFlaw: Send + Sync + 'static {
    /// False to make an exchange relaxed.
    const EXCHANGE: bool = true;
    /// False to make a mark relaxed.
    const MARK: bool = true;
    /// False to let a walk read links without an acquire.
    const LINK: bool = true;
    /// False to let the waiter read the finished generation without an acquire.
    const DONE: bool = true;
}

/// A platform without defects.
pub struct SoundQueue;

impl QueueFlaw for SoundQueue {}

/// A pair of generation and link in one word.
pub struct LoomPair<F> {
    word: AtomicU64,
    _flaw: PhantomData<F>,
}

const LOW: u64 = u32::MAX as u64;

fn pack((generation, link): (u64, Link)) -> u64 {
    assert!(generation <= LOW && link.to_bits() <= LOW);
    (generation << 32) | link.to_bits()
}

fn acquire(is_one: bool) -> Ordering {
    match is_one {
        true => Ordering::Acquire,
        false => Ordering::Relaxed,
    }
}

impl<F: QueueFlaw> Pair for LoomPair<F> {
    fn new(generation: u64, link: Link) -> Self {
        Self {
            word: AtomicU64::new(pack((generation, link))),
            _flaw: PhantomData,
        }
    }

    fn link(&self) -> Link {
        Link::from_bits(self.word.load(acquire(F::LINK)) & LOW)
    }

    fn generation(&self) -> u64 {
        self.word.load(Ordering::Relaxed) >> 32
    }

    fn generation_acquire(&self) -> u64 {
        self.word.load(acquire(F::DONE)) >> 32
    }

    fn set_link(&self, link: Link) {
        self.update(|word| (word & !LOW) | link.to_bits());
    }

    fn set_generation(&self, generation: u64) {
        self.update(|word| (word & LOW) | (generation << 32));
    }

    fn mark(&self) -> Link {
        let mark = Link::NONE.with_mark().to_bits();
        Link::from_bits(self.word.fetch_or(mark, acquire(F::MARK)) & LOW).with_mark()
    }

    fn exchange(&self, old: (u64, Link), new: (u64, Link)) -> bool {
        let success = match F::EXCHANGE {
            true => Ordering::Release,
            false => Ordering::Relaxed,
        };
        self.word
            .compare_exchange(pack(old), pack(new), success, Ordering::Relaxed)
            .is_ok()
    }
}

impl<F> LoomPair<F> {
    fn update(&self, f: impl Fn(u64) -> u64) {
        let updated = self
            .word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| Some(f(word)));
        assert!(updated.is_ok());
    }
}

/// Number of restarts of a block after which the rest of the execution is explored in one order
/// only. Two spinning blocks could otherwise yield to one another forever, and never to the one
/// that they wait for.
const RESTARTS: u32 = 2;

/// A fixed number of nodes.
pub struct Pool<F>(Vec<LoomPair<F>>);

impl<F: QueueFlaw> Pool<F> {
    /// Creates idle nodes.
    pub fn new(nodes: usize) -> Self {
        Self((0..nodes).map(|_| LoomPair::new(0, Link::IDLE)).collect())
    }

    /// Returns whether the node is idle.
    pub fn is_idle(&self, node: usize) -> bool {
        self.0[node].link().is_marked()
    }
}

impl<F: QueueFlaw> Platform for Pool<F> {
    type Pair = LoomPair<F>;

    fn pair(&self, node: usize) -> &LoomPair<F> {
        &self.0[node]
    }

    fn pause(&self, _node: usize, restarts: u32) {
        if restarts >= RESTARTS {
            loom::skip_branch();
        }
        thread::yield_now();
    }

    fn without_preemption<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }
}
