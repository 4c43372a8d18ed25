// SPDX-License-Identifier: GPL-2.0

//! A closure that runs later has nothing borrowed from who leaves it.
//! Refused: E0597

use epoch::{
    Deferred,
    Epoch, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

pub fn defer(epoch: &Epoch, count: Arc<Atomic<u32>>) -> Result {
    #[cfg(refused)]
    let count = &count;
    let run = move || count.store(1, Relaxed);
    epoch.defer(Deferred::new(run, GFP_KERNEL)?);
    Ok(())
}
