// SPDX-License-Identifier: GPL-2.0

//! A section of a `FencedEpoch` protects no object of another epoch.
//! Refused: E0308

use epoch::{
    Epoch,
    EpochPtr,
    FencedEpoch, //
};

pub fn read(epoch: &Epoch, fenced: &FencedEpoch, pointer: &EpochPtr<u32>) -> Option<u32> {
    let guard = epoch.enter();
    let fenced = fenced.enter();
    #[cfg(refused)]
    let guard = fenced;
    pointer.load(&guard).copied()
}
