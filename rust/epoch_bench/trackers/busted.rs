// SPDX-License-Identifier: GPL-2.0

//! A broken tracker, for tests: the verifier has to find that.
//!
//! It counts blocks that have started and blocks that have finished. A wait lasts until as many
//! have finished as had started. But these need not be the same blocks: a younger one that is quick
//! counts for an older one that is slow.

use super::{
    Context,
    Tracker, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Counts blocks instead of tracking them.
pub(crate) struct Busted {
    started: Atomic<u64>,
    finished: Atomic<u64>,
}

impl Busted {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        Ok(Self {
            started: Atomic::new(0),
            finished: Atomic::new(0),
        })
    }
}

impl Tracker for Busted {
    type Block<'a> = ();
    const CONTEXT: Context = Context::Any;

    unsafe fn start(&self, _place: u32) {
        self.started.fetch_add(1, Full);
    }

    fn page(&self, _block: &(), _key: usize) {}

    unsafe fn finish(&self, _block: ()) {
        self.finished.fetch_add(1, Full);
    }

    fn wait(&self, _key: usize) -> bool {
        let started = self.started.load(Acquire);
        let mut waited = false;
        while self.finished.load(Acquire) < started {
            waited = true;
            fsleep(Delta::from_micros(20));
        }
        waited
    }
}
