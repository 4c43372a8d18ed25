// SPDX-License-Identifier: GPL-2.0

//! Readers share the objects that they find, and must not change them.
//! Refused: E0594

use epoch::{
    Epoch,
    EpochPtr, //
};

pub fn change(epoch: &Epoch, pointer: &EpochPtr<u32>) {
    let guard = epoch.enter();
    if let Some(object) = pointer.load(&guard) {
        #[cfg(refused)]
        {
            *object = 1;
        }
        let _ = object;
    }
}
