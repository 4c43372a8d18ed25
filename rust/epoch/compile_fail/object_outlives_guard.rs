// SPDX-License-Identifier: GPL-2.0

//! An object that a reader found must not be used after its section.
//! Refused: E0505

use epoch::{
    Epoch,
    EpochPtr, //
};

pub fn read(epoch: &Epoch, pointer: &EpochPtr<u32>) -> Option<u32> {
    let guard = epoch.enter();
    let object = pointer.load(&guard);
    #[cfg(refused)]
    drop(guard);
    object.copied()
}
