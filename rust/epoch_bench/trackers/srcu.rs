// SPDX-License-Identifier: GPL-2.0

//! Linux's own peer of the epoch: SRCU-fast. Waiting always takes a grace period, whatever the page.

use super::{
    Context,
    Tracker, //
};
use kernel::prelude::*;
use kernel_ext::srcu::{
    SrcuFast,
    SrcuFastGuard, //
};

/// Tracks blocks as read-side sections of SRCU-fast.
#[pin_data]
pub(crate) struct Srcu {
    #[pin]
    srcu: SrcuFast,
}

impl Srcu {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            srcu <- SrcuFast::new(),
        })
    }
}

impl Tracker for Srcu {
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
        self.srcu.synchronize();
        true
    }
}
