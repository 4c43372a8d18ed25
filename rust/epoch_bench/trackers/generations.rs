// SPDX-License-Identifier: GPL-2.0

//! Open blocks in a list under one lock, and generations: what `mutex` and `spin` share.
//!
//! Blocks are numbered by *generation*, each one more than the youngest that is open. The list is
//! sorted by it. `done` is the generation up to which all blocks are finished:
//!
//! - the oldest block, when it finishes, publishes its generation as `done`;
//! - any other gives its generation to the next older one, which will publish it in its turn.
//!
//! A block leaves its generation at each page that it unmaps; generations of pages are kept by hash
//! of the page's key. To wait for a page is to wait until `done` has come up to the page's
//! generation, which costs nothing if it has already.
//!
//! What a block leaves at a page is the generation it started with. Another block may have given it
//! a higher one since; the lower one does as well, for every older block has a still lower one until
//! this block is finished: so `done` cannot reach it earlier.
//!
//! Source: FreeBSD r299788 (b4ddfd616790) by Konstantin Belousov, `sys/amd64/amd64/pmap.c`. There a
//! block's entry is part of its thread; here it is one of a pool, as a rule the one that its CPU had
//! last, so that it is in the cache there likewise. FreeBSD's waiter looks at the page's generation
//! again each time it wakes, and may so wait for younger blocks too; this one does not.

use super::{
    pages::Pages,
    waiters::Waiters,
    Context,
    Counters,
    Tracker, //
};
use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        lock::{
            Backend,
            Guard,
            Lock, //
        }, //
    }, //
};
use kernel_ext::once::Once;

/// An entry of the list of open blocks, on a cache line of its own.
#[repr(align(64))]
#[derive(Clone, Copy, Default)]
struct Entry {
    /// 0 if the entry is free.
    generation: u64,
    older: Option<u32>,
    younger: Option<u32>,
}

/// The open blocks.
///
/// # Invariants
///
/// From `youngest` on, `older` leads through all entries that are not free, by falling generation,
/// and `younger` back.
pub(crate) struct Blocks {
    entries: KVVec<Entry>,
    youngest: Option<u32>,
    open: usize,
}

impl Blocks {
    fn new(max_blocks: usize) -> Result<Self> {
        // INVARIANT: All entries are free.
        Ok(Self {
            entries: KVVec::from_elem(Entry::default(), max_blocks, GFP_KERNEL)?,
            youngest: None,
            open: 0,
        })
    }

    fn entry(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }

    /// A free entry: the same one each time for a CPU, as long as it has one block open at a time, so
    /// that the entry stays in its cache.
    fn find_free(&self) -> Option<u32> {
        let count = self.entries.len();
        let first = CpuId::current().as_u32() as usize * (count / nr_cpu_ids() as usize).max(1);
        (first..first + count)
            .map(|index| index % count)
            .find(|&index| self.entries[index].generation == 0)
            .map(|index| index as u32)
    }

    /// Opens a block, unless no entry is free. `done` is the generation that is done.
    fn insert(&mut self, done: impl FnOnce() -> u64) -> Option<Block> {
        let index = self.find_free()?;
        let older = self.youngest;
        let generation = 1 + match older {
            Some(youngest) => self.entry(youngest).generation,
            None => done(),
        };
        *self.entry(index) = Entry {
            generation,
            older,
            younger: None,
        };
        if let Some(older) = older {
            self.entry(older).younger = Some(index);
        }
        self.open += 1;
        // INVARIANT: The new block has the highest generation, and comes first.
        self.youngest = Some(index);
        Some(Block { index, generation })
    }

    /// Closes a block. Returns the generation that is now done, if it was the oldest.
    fn remove(&mut self, block: Block) -> Option<u64> {
        let Entry {
            generation,
            older,
            younger,
        } = core::mem::take(self.entry(block.index));
        self.open -= 1;
        match younger {
            Some(younger) => self.entry(younger).older = older,
            None => self.youngest = older,
        }
        match older {
            Some(older) => {
                let entry = self.entry(older);
                entry.younger = younger;
                // INVARIANT: Still lower than that of the next younger block.
                entry.generation = generation;
                None
            }
            None => Some(generation),
        }
    }
}

/// The lock that the list is under.
pub(crate) trait ListLock: Backend + Sized {
    /// Where it may be taken.
    const CONTEXT: Context;

    /// The list under such a lock.
    fn new(blocks: Blocks) -> impl PinInit<Lock<Blocks, Self>>;

    /// Lets other blocks finish, without the lock, where there are more than were announced.
    fn pause();
}

/// Tracks blocks in a list under a lock.
#[pin_data]
pub(crate) struct Generations<L: ListLock> {
    #[pin]
    blocks: Lock<Blocks, L>,
    /// Generations up to this one are finished. Written with `blocks` locked.
    done: Atomic<u64>,
    /// The most blocks that were open at the same time, and how often the lock was not free at first.
    /// Written with `blocks` locked, and read without: whoever reads may be hooked, and must not have
    /// a lock that a handler takes.
    longest: Once,
    contended: Once,
    pages: Pages,
    #[pin]
    waiters: Waiters,
}

/// An open block; not to be lost.
pub(crate) struct Block {
    index: u32,
    generation: u64,
}

impl<L: ListLock> Generations<L> {
    pub(crate) fn new(max_blocks: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            blocks <- L::new(Blocks::new(max_blocks)?),
            done: Atomic::new(0),
            longest: Once::new(0),
            contended: Once::new(0),
            pages: Pages::new(0)?,
            waiters <- Waiters::new(),
        })
    }

    /// Takes the lock, and notes there whether it was free.
    fn lock(&self) -> Guard<'_, Blocks, L> {
        self.blocks.try_lock().unwrap_or_else(|| {
            let blocks = self.blocks.lock();
            self.contended.write(self.contended.read().wrapping_add(1));
            blocks
        })
    }

    fn is_done(&self, generation: u64) -> bool {
        // Pairs with the release in `publish`: what finished blocks did is visible.
        generation <= self.done.load(Acquire)
    }

    /// Lets waiters know that generations up to `done` are finished. `blocks` is locked.
    fn publish(&self, done: u64) {
        // Pairs with the acquire in `is_done`.
        self.done.store(done, Release);
        self.waiters.notify();
    }
}

impl<L: ListLock> Tracker for Generations<L> {
    type Block<'a>
        = Block
    where
        Self: 'a;

    const CONTEXT: Context = L::CONTEXT;

    fn try_start(&self) -> Option<Block> {
        let mut blocks = self.lock();
        // `done` is written with the lock held.
        let block = blocks.insert(|| self.done.load(Relaxed))?;
        if blocks.open > self.longest.read() {
            self.longest.write(blocks.open);
        }
        Some(block)
    }

    fn pause() {
        L::pause();
    }

    fn page(&self, block: &Block, key: usize) {
        self.pages.raise(key, block.generation);
    }

    fn finish(&self, block: Block) {
        let mut blocks = self.lock();
        if let Some(done) = blocks.remove(block) {
            self.publish(done);
        }
    }

    fn wait(&self, key: usize) -> bool {
        // Blocks that note the page later are not waited for.
        let generation = self.pages.number(key);
        if self.is_done(generation) {
            return false;
        }
        self.waiters.wait_until(|| self.is_done(generation));
        true
    }

    fn counters(&self) -> Counters {
        Counters {
            longest_queue: self.longest.read() as u64,
            restarts: 0,
            contended: self.contended.read() as u64,
        }
    }
}
