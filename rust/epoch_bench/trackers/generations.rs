// SPDX-License-Identifier: GPL-2.0

//! One list of generations for all blocks, which `mutex` and `spin` share.

use super::{
    list::{
        Block,
        Entries,
        List,
        ListLock, //
    },
    waiters::Waiters,
    Context,
    Counters,
    Tracker, //
};
use kernel::prelude::*;

/// Tracks blocks in one list under a lock, whose address is the tracker's: that saves loads.
#[pin_data]
#[repr(C)]
pub(crate) struct Generations<L: ListLock> {
    #[pin]
    list: List<L>,
    #[pin]
    rest: Rest,
}

/// Fields that blocks read, and waiters write.
#[pin_data]
#[repr(align(64))]
struct Rest {
    entries: Entries,
    #[pin]
    waiters: Waiters,
}

impl<L: ListLock> Generations<L> {
    pub(crate) fn new(places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            list <- List::new(),
            rest <- try_pin_init!(Rest {
                entries: Entries::new(places)?,
                waiters <- Waiters::new(),
            }? Error),
        })
    }
}

impl<L: ListLock> Tracker for Generations<L> {
    type Block<'a>
        = Block
    where
        Self: 'a;

    const CONTEXT: Context = L::CONTEXT;
    const HAS_PLACES: bool = true;

    #[inline(always)]
    unsafe fn start(&self, place: u32) -> Block {
        // SAFETY: The place is the caller's, and no block is open there, as this function requires.
        unsafe { self.list.start(self.rest.entries.get(place)) }
    }

    fn page(&self, block: &Block, key: usize) {
        self.list.page(block, key);
    }

    #[inline(always)]
    unsafe fn finish(&self, block: Block) {
        // SAFETY: The block was opened in this tracker, as this function requires.
        if unsafe { self.list.finish(block) } {
            self.rest.waiters.notify();
        }
    }

    fn wait(&self, key: usize) -> bool {
        self.list.wait(key, &self.rest.waiters)
    }

    fn counters(&self) -> Counters {
        self.list.counters()
    }
}
