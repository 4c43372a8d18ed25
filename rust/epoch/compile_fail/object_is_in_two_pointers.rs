// SPDX-License-Identifier: GPL-2.0

//! An object has one pointer: another one might free it.
//! Refused: E0382

use epoch::{
    EpochPtr,
    Owned, //
};

pub fn give(first: &EpochPtr<u32>, second: &EpochPtr<u32>, object: Owned<u32>) {
    drop(first.swap(Some(object)));
    #[cfg(refused)]
    drop(second.swap(Some(object)));
    drop(second.swap(None));
}
