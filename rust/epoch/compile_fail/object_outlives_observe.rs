// SPDX-License-Identifier: GPL-2.0

//! `Guard::observe` begins a new section, in which objects found in the old one may be freed.
//! Refused: E0502

use epoch::{
    Epoch,
    EpochPtr, //
};

pub fn read(epoch: &Epoch, pointer: &EpochPtr<u32>) -> Option<u32> {
    let mut guard = epoch.enter();
    guard.observe();
    let object = pointer.load(&guard);
    #[cfg(refused)]
    guard.observe();
    object.copied()
}
