// SPDX-License-Identifier: GPL-2.0

//! This project's epoch, used as in the experiment of 2018: a block is a section, and waiting
//! always takes a grace period, whatever the page.

use super::{
    Context,
    Tracker, //
};
use epoch::{
    static_epoch,
    Detached, //
};
use kernel::prelude::*;

static_epoch! {
    /// The epoch of all blocks, at an address that the compiler knows: a section has nothing to
    /// look up.
    static BENCH = c"bench";
}

/// Tracks blocks as sections of an epoch.
#[pin_data]
pub(crate) struct Epoch {}

impl Epoch {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        BENCH.register();
        try_pin_init!(Self {})
    }
}

impl Tracker for Epoch {
    type Block<'a> = Detached<'a>;
    const CONTEXT: Context = Context::Any;

    #[inline(always)]
    unsafe fn start(&self, _place: u32) -> Detached<'_> {
        BENCH.enter_detached()
    }

    #[inline(always)]
    fn page(&self, _block: &Detached<'_>, _key: usize) {}

    #[inline(always)]
    unsafe fn finish(&self, block: Detached<'_>) {
        drop(block);
    }

    fn wait(&self, _key: usize) -> bool {
        BENCH.synchronize();
        true
    }
}
