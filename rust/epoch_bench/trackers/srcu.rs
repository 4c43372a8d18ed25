// SPDX-License-Identifier: GPL-2.0

//! Linux's own peer of the epoch: SRCU-fast. Waiting always takes a grace period, whatever the
//! page; it is expedited or not, which is the only difference between the two trackers here.

use super::{
    Context,
    Tracker, //
};
use kernel::prelude::*;
use kernel_ext::srcu::{
    SrcuFast,
    SrcuFastGuard, //
};

/// Tracks blocks as read-side sections of SRCU-fast. Its grace periods are normal ones, which batch
/// waiters by timers, or expedited ones, which begin at once as an epoch's do.
#[pin_data]
pub(crate) struct SrcuTracker<const EXPEDITED: bool> {
    #[pin]
    srcu: SrcuFast,
}

/// Waits with `synchronize_srcu()`.
pub(crate) type Srcu = SrcuTracker<false>;

/// Waits with `synchronize_srcu_expedited()`.
pub(crate) type SrcuExpedited = SrcuTracker<true>;

impl<const EXPEDITED: bool> SrcuTracker<EXPEDITED> {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            srcu <- SrcuFast::new(),
        })
    }
}

impl<const EXPEDITED: bool> Tracker for SrcuTracker<EXPEDITED> {
    type Block<'a> = SrcuFastGuard<'a>;
    const CONTEXT: Context = Context::Any;

    #[inline(always)]
    unsafe fn start(&self, _place: u32) -> SrcuFastGuard<'_> {
        self.srcu.read_lock()
    }

    #[inline(always)]
    fn page(&self, _block: &SrcuFastGuard<'_>, _key: usize) {}

    #[inline(always)]
    unsafe fn finish(&self, block: SrcuFastGuard<'_>) {
        drop(block);
    }

    fn wait(&self, _key: usize) -> bool {
        match EXPEDITED {
            true => self.srcu.synchronize_expedited(),
            false => self.srcu.synchronize(),
        }
        true
    }
}
