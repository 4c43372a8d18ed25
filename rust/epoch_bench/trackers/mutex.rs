// SPDX-License-Identifier: GPL-2.0

//! FreeBSD's tracker of 2016: open blocks in a list under one mutex.
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
//! block's entry is part of its thread; here the list has a pool of entries, which saves the tracker
//! from pointers into foreign stacks, and touches the same number of cache lines under the mutex.
//! FreeBSD's mutex spins while its owner runs, and so does Linux's.

use super::Tracker;
use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        barrier::{
            self,
            smp_mb, //
        },
        CondVar, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Number of generations of pages, each shared by the pages whose keys have that hash. FreeBSD has
/// as many as CPUs that it can have.
const PAGE_BITS: u32 = 8;

/// An entry of the list of open blocks, on a cache line of its own.
#[repr(align(64))]
#[derive(Clone, Copy, Default)]
struct Entry {
    generation: u64,
    /// The next older block, or the next free entry.
    older: Option<u32>,
    younger: Option<u32>,
}

/// The open blocks.
///
/// # Invariants
///
/// From `youngest` on, `older` leads through all open blocks by falling generation, and `younger`
/// back; from `free` on, `older` leads through all other entries.
struct Blocks {
    entries: KVVec<Entry>,
    youngest: Option<u32>,
    free: Option<u32>,
}

impl Blocks {
    fn new(max_blocks: usize) -> Result<Self> {
        let count = u32::try_from(max_blocks)?;
        let mut entries = KVVec::with_capacity(max_blocks, GFP_KERNEL)?;
        for i in 0..count {
            entries.push(
                Entry {
                    older: Some(i + 1).filter(|&next| next < count),
                    ..Entry::default()
                },
                GFP_KERNEL,
            )?;
        }
        // INVARIANT: No block is open, and the free list is complete.
        Ok(Self {
            entries,
            youngest: None,
            free: Some(0).filter(|&first| first < count),
        })
    }

    fn entry(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }

    /// Opens a block, unless no entry is free.
    fn insert(&mut self, done: u64) -> Option<Block> {
        let index = self.free?;
        let older = self.youngest;
        let generation = 1 + match older {
            Some(youngest) => self.entry(youngest).generation,
            None => done,
        };
        self.free = core::mem::replace(
            self.entry(index),
            Entry {
                generation,
                older,
                younger: None,
            },
        )
        .older;
        if let Some(older) = older {
            self.entry(older).younger = Some(index);
        }
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
        } = *self.entry(block.index);
        match younger {
            Some(younger) => self.entry(younger).older = older,
            None => self.youngest = older,
        }
        let done = match older {
            Some(older) => {
                let entry = self.entry(older);
                entry.younger = younger;
                // INVARIANT: Still lower than that of the next younger block.
                entry.generation = generation;
                None
            }
            None => Some(generation),
        };
        let free = self.free.replace(block.index);
        self.entry(block.index).older = free;
        done
    }
}

/// Tracks blocks in a list under a mutex that sleeps.
#[pin_data]
pub(crate) struct Mutex {
    #[pin]
    blocks: kernel::sync::Mutex<Blocks>,
    /// Generations up to this one are finished. Written with `blocks` locked.
    done: Atomic<u64>,
    pages: KVVec<Atomic<u64>>,
    waiters: Atomic<u32>,
    /// Held by a waiter from its look at `done` until it sleeps, and to wake it.
    #[pin]
    passing: kernel::sync::Mutex<()>,
    #[pin]
    passed: CondVar,
}

/// An open block of [`Mutex`]; not to be lost.
pub(crate) struct Block {
    index: u32,
    generation: u64,
}

impl Mutex {
    pub(crate) fn new(max_blocks: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            blocks <- new_mutex!(Blocks::new(max_blocks)?, "epoch_bench_mutex"),
            done: Atomic::new(0),
            pages: {
                let mut pages = KVVec::with_capacity(1 << PAGE_BITS, GFP_KERNEL)?;
                for _ in 0..1 << PAGE_BITS {
                    pages.push(Atomic::new(0u64), GFP_KERNEL)?;
                }
                pages
            },
            waiters: Atomic::new(0),
            passing <- new_mutex!((), "epoch_bench_passing"),
            passed <- new_condvar!("epoch_bench_passed"),
        })
    }

    fn page_generation(&self, key: usize) -> &Atomic<u64> {
        // Fibonacci hashing: neighbours get different places.
        let hash = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PAGE_BITS);
        &self.pages[hash as usize]
    }

    fn is_done(&self, generation: u64) -> bool {
        // Pairs with the release in `publish`: what finished blocks did is visible.
        generation <= self.done.load(Acquire)
    }

    /// Lets waiters know that generations up to `done` are finished. `blocks` is locked.
    fn publish(&self, done: u64) {
        // Pairs with the acquire in `is_done`.
        self.done.store(done, Release);
        // Pairs with the full ordering of the addition in `wait`: either the waiter is seen here, or
        // it sees the new `done`.
        smp_mb(barrier::Full);
        if self.waiters.load(Relaxed) > 0 {
            let _guard = self.passing.lock();
            self.passed.notify_all();
        }
    }
}

impl Tracker for Mutex {
    type Block<'a> = Block;

    fn start(&self) -> Block {
        loop {
            let mut blocks = self.blocks.lock();
            // `done` is written with the lock held.
            if let Some(block) = blocks.insert(self.done.load(Relaxed)) {
                return block;
            }
            drop(blocks);
            // More blocks than were announced: wait for one of them.
            fsleep(Delta::from_micros(100));
        }
    }

    fn page(&self, block: &Block, key: usize) {
        if cfg!(epoch_mutant = "forget_page") {
            return;
        }
        let page = self.page_generation(key);
        let mut generation = page.load(Relaxed);
        while generation < block.generation {
            match page.cmpxchg(generation, block.generation, Full) {
                Ok(_) => break,
                Err(now) => generation = now,
            }
        }
    }

    fn finish(&self, block: Block) {
        let mut blocks = self.blocks.lock();
        if let Some(done) = blocks.remove(block) {
            self.publish(done);
        }
    }

    fn wait(&self, key: usize) {
        let page = self.page_generation(key);
        if self.is_done(page.load(Acquire)) {
            return;
        }
        // Pairs with the barrier in `publish`.
        self.waiters.fetch_add(1, Full);
        let mut guard = self.passing.lock();
        while !self.is_done(page.load(Acquire)) {
            self.passed.wait(&mut guard);
        }
        drop(guard);
        self.waiters.fetch_sub(1, Relaxed);
    }
}
