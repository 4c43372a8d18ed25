// SPDX-License-Identifier: GPL-2.0

//! FreeBSD's tracker of 2016: the list of generations under one mutex that sleeps.
//!
//! FreeBSD's mutex spins while its owner runs, and so does Linux's.

use super::generations::{
    Blocks,
    Generations,
    ListLock, //
};
use super::Context;
use kernel::{
    new_mutex,
    prelude::*,
    sync::lock::{
        mutex::MutexBackend,
        Lock, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Tracks blocks in a list under a mutex.
pub(crate) type Mutex = Generations<MutexBackend>;

impl ListLock for MutexBackend {
    const CONTEXT: Context = Context::Sleeping;

    fn new(blocks: Blocks) -> impl PinInit<Lock<Blocks, Self>> {
        new_mutex!(blocks, "epoch_bench_mutex")
    }

    fn pause() {
        fsleep(Delta::from_micros(100));
    }
}
