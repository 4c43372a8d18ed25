// SPDX-License-Identifier: GPL-2.0

//! A list of generations for each CPU, under a spinlock of its own: what Linux does about a lock
//! that all CPUs take, where no other kind of lock will do.
//!
//! A block is opened in the list of the CPU on which it begins, and closed there, wherever it ends:
//! a task that is alone on its CPU finds the lock free, and in its cache. Pages have a generation
//! in each list. A wait for a page waits in each list until the page's generation there is done.
//! The lists may be visited one after the other: a block that has noted the page before the wait
//! began has left its generation in its list by then, and it stays until the list's turn comes.
//!
//! FreeBSD splits contended locks this way, too, but never its tracker.

use super::{
    list::{
        self,
        Entries,
        List,
        ListLock, //
    },
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
    sync::lock::spinlock::SpinLockBackend, //
};

/// Tracks blocks in the list of the CPU on which they begin.
#[pin_data]
pub(crate) struct SpinPercpu {
    /// The lists, by the number of the CPU.
    lists: KVVec<Pin<KBox<List<SpinLockBackend>>>>,
    entries: Entries,
    #[pin]
    waiters: Waiters,
}

/// An open block, which must be passed to [`Tracker::finish`].
pub(crate) struct Block<'a> {
    list: &'a List<SpinLockBackend>,
    block: list::Block,
}

impl SpinPercpu {
    pub(crate) fn new(places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            lists: {
                let mut lists = KVVec::with_capacity(nr_cpu_ids() as usize, GFP_KERNEL)?;
                for _ in 0..nr_cpu_ids() {
                    lists.push(KBox::pin_init(List::new(), GFP_KERNEL)?, GFP_KERNEL)?;
                }
                lists
            },
            entries: Entries::new(places)?,
            waiters <- Waiters::new(),
        })
    }
}

impl Tracker for SpinPercpu {
    type Block<'a> = Block<'a>;

    const CONTEXT: Context = SpinLockBackend::CONTEXT;
    const HAS_PLACES: bool = true;

    #[inline(always)]
    unsafe fn start(&self, place: u32) -> Block<'_> {
        // The task may be on another CPU by now: then it contends with the tasks of this one.
        let list = &*self.lists[CpuId::current().as_u32() as usize];
        Block {
            list,
            // SAFETY: The place is the caller's, and no block is open there, as this function
            // requires.
            block: unsafe { list.start(self.entries.get(place)) },
        }
    }

    fn page(&self, block: &Block<'_>, key: usize) {
        block.list.page(&block.block, key);
    }

    #[inline(always)]
    unsafe fn finish(&self, block: Block<'_>) {
        // SAFETY: The block was opened in this list.
        if unsafe { block.list.finish(block.block) } {
            self.waiters.notify();
        }
    }

    fn wait(&self, key: usize) -> bool {
        let mut had_to = false;
        for list in &self.lists {
            had_to |= list.wait(key, &self.waiters);
        }
        had_to
    }

    fn counters(&self) -> Counters {
        self.lists
            .iter()
            .map(|list| list.counters())
            .fold(Counters::default(), |sum, of_one| Counters {
                longest_queue: sum.longest_queue.max(of_one.longest_queue),
                contended: sum.contended + of_one.contended,
                ..sum
            })
    }
}
