// SPDX-License-Identifier: GPL-2.0

//! A deferred closure must not borrow from its creator.
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
