// SPDX-License-Identifier: GPL-2.0

//! FreeBSD's tracker of 2019: the list of generations without a lock.
//!
//! Generations mean the same as in [`list`](super::list): blocks leave them at pages, and waiters
//! wait for them. But a block enters the list with one double-width compare-and-swap, at the block
//! before it, and leaves it with another. [`queue`] contains the algorithm, and shows why it is
//! right.
//!
//! Source: FreeBSD r347695 (4d3b28bcdcc4, D19630) by Konstantin Belousov, `sys/amd64/amd64/pmap.c`.
//! There a block's node is part of its thread; here it is that of the place of a worker or of a
//! hooked call. FreeBSD raises the priority of a thread with an open block, and its waiters check
//! again at each tick, lest a wakeup be lost; here none is.

// `epoch-loom` has it as a module of its own crate, and uses it from others.
#[expect(unreachable_pub)]
mod queue;

use self::queue::{
    Link,
    Platform,
    Queue, //
};
use super::{
    pages::Pages,
    waiters::Waiters,
    Context,
    Counters,
    Tracker,
    SAMPLED, //
};
use kernel::prelude::*;
use kernel_ext::{
    atomic128::{
        self,
        AtomicPair,
        Half, //
    },
    once::OnceWord,
    sched::{
        self,
        NoPreemption, //
    },
};

/// Log2 of the most `cpu_relax()` calls before a walk is restarted. Their number doubles each time,
/// as in FreeBSD's `lock_delay()`.
const MOST_RELAXING: u32 = 8;

/// A generation, and a link.
struct Pair(AtomicPair);

impl queue::Pair for Pair {
    fn new(generation: u64, link: Link) -> Self {
        Self(AtomicPair::new([generation, link.to_bits()]))
    }

    #[inline(always)]
    fn link(&self) -> Link {
        Link::from_bits(self.0.load_acquire(Half::Second))
    }

    #[inline(always)]
    fn generation(&self) -> u64 {
        self.0.load_relaxed(Half::First)
    }

    #[inline(always)]
    fn generation_acquire(&self) -> u64 {
        self.0.load_acquire(Half::First)
    }

    #[inline(always)]
    fn set_link(&self, link: Link) {
        self.0.store_relaxed(Half::Second, link.to_bits());
    }

    #[inline(always)]
    fn set_generation(&self, generation: u64) {
        self.0.store_relaxed(Half::First, generation);
    }

    #[inline(always)]
    fn mark(&self) -> Link {
        self.0.or(Half::Second, Link::NONE.with_mark().to_bits());
        // No other block changes a marked pair.
        self.link()
    }

    #[inline(always)]
    fn exchange(&self, old: (u64, Link), new: (u64, Link)) -> bool {
        self.0
            .compare_exchange([old.0, old.1.to_bits()], [new.0, new.1.to_bits()])
    }
}

/// A node, and the statistics of its owner, on a cache line of its own.
#[repr(align(64))]
struct Node {
    pair: Pair,
    // Written by the owner of the place.
    restarts: OnceWord,
    longest: OnceWord,
}

impl Node {
    fn new() -> Self {
        Self {
            pair: queue::Pair::new(0, Link::IDLE),
            restarts: OnceWord::new(0),
            longest: OnceWord::new(0),
        }
    }
}

/// A node for each place.
struct Nodes(KVVec<Node>);

impl Nodes {
    fn new(count: usize) -> Result<Self> {
        let mut nodes = KVVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            nodes.push(Node::new(), GFP_KERNEL)?;
        }
        Ok(Self(nodes))
    }
}

impl Platform for Nodes {
    type Pair = Pair;

    #[inline(always)]
    fn pair(&self, node: usize) -> &Pair {
        &self.0[node].pair
    }

    #[cold]
    fn pause(&self, node: usize, restarts: u32) {
        let count = &self.0[node].restarts;
        count.write(count.read().wrapping_add(1));
        for _ in 0..1 << restarts.min(MOST_RELAXING) {
            sched::cpu_relax();
        }
    }

    #[inline(always)]
    fn without_preemption<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guard = NoPreemption::new();
        f()
    }
}

/// Tracks blocks in a list without a lock.
#[pin_data]
pub(crate) struct Lockless {
    queue: Queue<Nodes>,
    pages: Pages,
    #[pin]
    waiters: Waiters,
}

/// An open block, which must be passed to [`Tracker::finish`].
pub(crate) struct Block {
    node: usize,
    generation: u64,
}

impl Lockless {
    pub(crate) fn new(places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            queue: Queue::new(Nodes::new(places)?),
            pages: Pages::new(0)?,
            waiters <- Waiters::new(),
        })
    }

    #[cold]
    fn note_length(&self, node: usize, length: usize) {
        let longest = &self.queue.platform().0[node].longest;
        if length > longest.read() {
            longest.write(length);
        }
    }
}

impl Tracker for Lockless {
    type Block<'a> = Block;

    // An interrupt may come while the node of the task is marked, and would spin for ever.
    const CONTEXT: Context = Context::Task;
    const HAS_PLACES: bool = true;

    fn is_supported() -> bool {
        atomic128::is_supported()
    }

    #[inline(always)]
    unsafe fn start(&self, place: u32) -> Block {
        let node = place as usize;
        let started = self.queue.start(node);
        if started.generation % SAMPLED as u64 == 0 {
            self.note_length(node, started.length);
        }
        Block {
            node,
            generation: started.generation,
        }
    }

    fn page(&self, block: &Block, key: usize) {
        self.pages.raise(key, block.generation);
    }

    #[inline(always)]
    unsafe fn finish(&self, block: Block) {
        let done = self.queue.finish(block.node);
        if done.is_some() {
            // The exchange that has made it done is a full barrier.
            self.waiters.notify_ordered();
        }
    }

    fn wait(&self, key: usize) -> bool {
        // Blocks that note the page later are not waited for.
        let generation = self.pages.number(key);
        let is_done = || generation <= self.queue.done();
        if is_done() {
            return false;
        }
        self.waiters.wait_until(is_done);
        true
    }

    fn counters(&self) -> Counters {
        let Nodes(nodes) = self.queue.platform();
        Counters {
            longest_queue: nodes
                .iter()
                .map(|node| node.longest.read() as u64)
                .max()
                .unwrap_or(0),
            restarts: nodes.iter().map(|node| node.restarts.read() as u64).sum(),
            contended: 0,
        }
    }
}
