// SPDX-License-Identifier: GPL-2.0

//! Places for the blocks of hooked calls, which have none of their own.

use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        Acquire,
        AtomicFlag,
        Relaxed,
        Release, //
    }, //
};

/// Flag of a place that is taken, on a cache line of its own.
#[repr(align(64))]
struct Taken(AtomicFlag);

/// Places, each of which is taken or free.
pub(crate) struct Places {
    taken: KVVec<Taken>,
    /// Distance between the places at which two neighbouring CPUs begin to search.
    per_cpu: usize,
}

impl Places {
    /// Creates `count` free places.
    pub(crate) fn new(count: u32) -> Result<Self> {
        let count = count as usize;
        let mut taken = KVVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            taken.push(Taken(AtomicFlag::new(false)), GFP_KERNEL)?;
        }
        Ok(Self {
            taken,
            per_cpu: (count / (nr_cpu_ids() as usize).max(1)).max(1),
        })
    }

    /// Takes a place, unless all are taken. A CPU that has one block open at a time gets the same
    /// place each time, so that the place's data stay in its cache. Any context.
    pub(crate) fn take(&self) -> Option<u32> {
        let count = self.taken.len();
        let first = CpuId::current().as_u32() as usize * self.per_cpu % count.max(1);
        Iterator::chain(first..count, 0..first)
            .find(|&place| {
                let Taken(taken) = &self.taken[place];
                // Pairs with the release in `give_back`: what belongs to the place is as its last
                // owner has left it.
                !taken.load(Relaxed) && taken.cmpxchg(false, true, Acquire).is_ok()
            })
            .map(|place| place as u32)
    }

    /// Frees a place that [`Places::take`] returned. Any context.
    pub(crate) fn give_back(&self, place: u32) {
        let Taken(taken) = &self.taken[place as usize];
        // Pairs with the acquire in `take`.
        taken.store(false, Release);
    }
}
