// SPDX-License-Identifier: GPL-2.0

//! The list of open blocks without a lock, independent of the kernel.
//!
//! The kernel module and the model checker compile this same file; the differences are behind the
//! traits [`Pair`] and [`Platform`].
//!
//! # The algorithm
//!
//! Open blocks are *nodes* of a singly linked list, the oldest first, behind a *head* that belongs
//! to no block. Each of them, and the head, has a generation and a link to the next younger node: a
//! [`Pair`], which a double-width compare-and-swap exchanges as one. The head's generation is the
//! one up to which all blocks are finished.
//!
//! A link may have a *mark*: then nobody exchanges the pair. Only the block whose node it is sets
//! and clears the mark. It is set while the node is idle, while it is being inserted, and while it
//! is being removed.
//!
//! - A block *starts*: it walks to the tail, gives its own node, which is marked, the tail's
//!   generation plus one, and exchanges the tail's `{generation, none}` for `{generation, own
//!   node}`. Then it clears its mark.
//! - A block *finishes*: it walks to its predecessor, marks its own node, and after that reads its
//!   own pair. It exchanges the predecessor's `{generation, own node}` for `{own generation, own
//!   link}`. So it is out of the list, and its generation is the next older block's, or, if the
//!   predecessor is the head, is done. The mark stays: the node is idle.
//! - A block that fails to exchange, finds a mark on its walk, or does not find what it looks for,
//!   clears its mark if it has set it, and restarts.
//!
//! Other blocks spin at a node of the list that is marked. So a block must not lose its CPU then:
//! [`Platform::without_preemption`].
//!
//! # Why no block is lost
//!
//! The changes of a pair have one order, on which all CPUs agree, whatever the ordering of the
//! accesses; an exchange sees the last of those before it. We show of each exchange that it does
//! what it should, whatever the walk before it has seen.
//!
//! 1. *A pair without a mark is the head's, or that of a node in the list.* A node's mark is
//!    cleared for the first time after the exchange that inserts it, and set again before the one
//!    that removes it. An exchange demands a pair without a mark, and leaves one.
//! 2. *The pair of a node that its own block has marked does not change*, for nobody else exchanges
//!    it. So what the block reads of it after it has set the mark is still there when it exchanges
//!    its predecessor's pair. If it read its generation before, a younger block might give it a
//!    higher one in between, which would be lost. So [`Pair::mark`] is an acquire.
//! 3. *An insertion puts the node at the tail.* The exchanged pair has no mark and no successor: by
//!    1 it is the tail, or the head of an empty list. No node is inserted behind the new one, nor
//!    gives it a generation, before its own link is none.
//! 4. *A removal takes out the block's own node, and nothing else.* The exchanged pair has no mark
//!    and links to the node: by 1 it is its predecessor, or the head. By 2 it gets the link that
//!    the node has. If the predecessor is being removed itself, it is marked and the exchange
//!    fails; or the exchange came before that mark, and the predecessor reads the new pair, by 2.
//!
//! None of this depends on how a pair got its value. So a walk may see old values, go astray in a
//! node that has left the list or come back to it, or read a link and a generation that never were
//! one pair: its result is only a proposal, and the exchange checks both halves. So two plain loads
//! are enough for a walk, one of each half. Nor is there an ABA problem: a pair that is equal is as
//! good; also, generations only grow, so that none comes back.
//!
//! A walk ends because of an ordering: an exchange is a release, and pairs with the acquires of
//! [`Pair::link`] and, where a link is handed on, of [`Pair::mark`]. So a walk that comes to a node
//! sees it as it was when it was inserted, or later, and never an earlier link than that: each link
//! leads to a younger block. Otherwise a walk might go round in nodes that are used again.
//!
//! # Why waiting for a generation is enough
//!
//! 5. *Along the list generations strictly grow from the head on, and the last is the highest that
//!    a block has started with.* A new node has one more than the last. A node that is removed
//!    gives its own, which is higher than its predecessor's and lower than its successor's.
//! 6. *The generation that a block started with is not done until the block is finished, whatever
//!    it has been given since.* As long as the block is in the list, all nodes before it have lower
//!    generations than that: they have started with lower ones, and get others only from their
//!    successors, which are themselves before the block, until the block itself is removed. After
//!    that its generation, or a higher one, has to go through all older nodes before it is the
//!    head's: so those blocks are finished as well.
//!
//! So a block leaves at a page the generation that it has started with, and a waiter waits until
//! the head's generation has reached it.
//!
//! The effects of finished blocks are visible to the waiter. The exchange of a removal is a
//! release, and pairs with the acquire of [`Pair::mark`], after which the next older block hands on
//! what it was given, and in the end with that of [`Queue::done`]. Any other change of the same
//! pair in between is a read-modify-write, or a store to its link alone, and breaks nothing.
//!
//! No other access needs an ordering.

/// A link to a node, or to none, possibly with a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link(
    // INVARIANT: Bit 0 is the mark. The others are 0, or the node's index plus one.
    u64,
);

impl Link {
    const MARK: u64 = 1;

    /// A link to no node, without a mark.
    pub const NONE: Link = Link(0);

    /// The link of an idle node.
    pub const IDLE: Link = Link(Self::MARK);

    /// Creates a link from a word that [`Link::to_bits`] returned.
    #[inline(always)]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the link as a word.
    #[inline(always)]
    pub fn to_bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn to(node: usize) -> Self {
        Self((node as u64 + 1) << 1)
    }

    /// Returns the node that the link leads to, if any.
    #[inline(always)]
    fn node(self) -> Option<usize> {
        (self.0 >> 1).checked_sub(1).map(|node| node as usize)
    }

    /// Returns whether the link has a mark.
    #[inline(always)]
    pub fn is_marked(self) -> bool {
        self.0 & Self::MARK != 0
    }

    /// Returns the link with a mark.
    #[inline(always)]
    pub fn with_mark(self) -> Self {
        Self(self.0 | Self::MARK)
    }

    #[inline(always)]
    fn without_mark(self) -> Self {
        Self(self.0 & !Self::MARK)
    }
}

/// A generation and a link, which are read by halves and exchanged as one.
pub trait Pair {
    /// Creates a pair of a generation and a link.
    fn new(generation: u64, link: Link) -> Self;

    /// Reads the link. An acquire.
    fn link(&self) -> Link;

    /// Reads the generation, without any ordering.
    fn generation(&self) -> u64;

    /// Reads the generation. An acquire.
    fn generation_acquire(&self) -> u64;

    /// Writes the link, without any ordering.
    fn set_link(&self, link: Link);

    /// Writes the generation, without any ordering.
    fn set_generation(&self, generation: u64);

    /// Marks the link, and returns it. An acquire, also for the generation, which is read after it.
    fn mark(&self) -> Link;

    /// Replaces `old` with `new`, if the pair is `old`, and returns whether it was: a
    /// read-modify-write. A release.
    fn exchange(&self, old: (u64, Link), new: (u64, Link)) -> bool;
}

/// Nodes, and a way to wait.
pub trait Platform {
    /// Type of the pairs, which blocks share.
    type Pair: Pair;

    /// Returns the pair of a node. Its memory is never used for anything else. The node is idle at
    /// first.
    fn pair(&self, node: usize) -> &Self::Pair;

    /// Waits a moment before the block of `node`, which is starting or finishing, restarts its
    /// walk, for the `restarts`-th time (from 0).
    fn pause(&self, node: usize, restarts: u32);

    /// Calls `f`, which keeps its CPU until it returns.
    fn without_preemption<R>(&self, f: impl FnOnce() -> R) -> R;
}

/// Result of [`Queue::start`].
pub struct Started {
    /// The generation that the block starts with.
    pub generation: u64,
    /// Length of the list, this block included, as found by the walk to its tail: a node that
    /// leaves the list and comes back during the walk counts twice.
    pub length: usize,
}

/// The list of open blocks.
///
/// # Invariants
///
/// From the head on, links lead through the nodes of all blocks that are open, and to none, by
/// strictly growing generation. Those nodes have no mark, except those that are being removed and
/// the last, if it has just been inserted; all others have one.
pub struct Queue<P: Platform> {
    head: Head<P::Pair>,
    platform: P,
}

/// The head, on a cache line of its own: all blocks write it, and waiters read it.
#[repr(align(64))]
struct Head<T>(T);

/// End of a walk.
struct Position<'a, P: Platform> {
    pair: &'a P::Pair,
    /// The generation and the link that were read there. They need not have been one pair.
    seen: (u64, Link),
    /// Number of nodes on the way.
    nodes: usize,
}

impl<P: Platform> Queue<P> {
    /// Creates a list without blocks.
    pub fn new(platform: P) -> Self {
        // INVARIANT: Empty.
        Self {
            head: Head(P::Pair::new(0, Link::NONE)),
            platform,
        }
    }

    /// Returns the platform of the list.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Returns the generation up to which all blocks are finished. Their effects are visible.
    pub fn done(&self) -> u64 {
        // Pairs with the exchanges in `remove`.
        self.head.0.generation_acquire()
    }

    /// Opens a block in `node`, which is idle, and the caller's to use.
    #[inline(always)]
    pub fn start(&self, node: usize) -> Started {
        let own = self.platform.pair(node);
        let mut restarts = 0;
        loop {
            if let Some(tail) = self.find(Link::NONE) {
                let generation = tail.seen.0.wrapping_add(1);
                own.set_generation(generation);
                let inserted = self.platform.without_preemption(|| {
                    // INVARIANT: `tail` is the last node, or the head (3), and has the highest
                    // generation.
                    let inserted = tail.exchange((tail.seen.0, Link::to(node)));
                    if inserted {
                        own.set_link(Link::NONE);
                    }
                    inserted
                });
                if inserted {
                    return Started {
                        generation,
                        length: tail.nodes.wrapping_add(1),
                    };
                }
            }
            self.platform.pause(node, restarts);
            restarts = restarts.saturating_add(1);
        }
    }

    /// Closes the block in `node`, which is idle after that. Returns the generation that is now
    /// done, if the block was the oldest.
    #[inline(always)]
    pub fn finish(&self, node: usize) -> Option<u64> {
        let mut restarts = 0;
        loop {
            if let Some(predecessor) = self.find(Link::to(node)) {
                let given = self
                    .platform
                    .without_preemption(|| self.remove(node, &predecessor));
                if let Some(generation) = given {
                    return (predecessor.nodes == 0).then_some(generation);
                }
            }
            self.platform.pause(node, restarts);
            restarts = restarts.saturating_add(1);
        }
    }

    /// Takes a node out of the list, if its predecessor is still as it was seen. Returns the
    /// generation that the predecessor was given.
    #[inline(always)]
    fn remove(&self, node: usize, predecessor: &Position<'_, P>) -> Option<u64> {
        let own = self.platform.pair(node);
        let link = own.mark();
        // After the mark, which keeps it as it is (2) and pairs with the exchange by which a
        // younger block has given it.
        let generation = own.generation();
        // INVARIANT: `predecessor` is that of the node, or the head (4). The generation is higher
        // than its own, and lower than that of the next younger block.
        let removed = predecessor.exchange((generation, link.without_mark()));
        if !removed {
            own.set_link(link.without_mark());
        }
        removed.then_some(generation)
    }

    /// Walks to the pair whose link is `link`: the tail, if that is none, and else a node's
    /// predecessor. Returns `None` at a mark, and at the end of the list.
    #[inline(always)]
    fn find(&self, link: Link) -> Option<Position<'_, P>> {
        let mut pair = &self.head.0;
        let mut nodes = 0;
        loop {
            let found = pair.link();
            if found == link {
                return Some(Position {
                    pair,
                    seen: (pair.generation(), found),
                    nodes,
                });
            }
            if found.is_marked() {
                return None;
            }
            pair = self.platform.pair(found.node()?);
            nodes = nodes.wrapping_add(1);
        }
    }
}

impl<P: Platform> Position<'_, P> {
    /// Replaces the pair with `new`, if it is what was seen. Returns whether it was.
    #[inline(always)]
    fn exchange(&self, new: (u64, Link)) -> bool {
        self.pair.exchange(self.seen, new)
    }
}
