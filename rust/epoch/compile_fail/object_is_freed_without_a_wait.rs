// SPDX-License-Identifier: GPL-2.0

//! An unlinked object becomes owned again only after a grace period.
//! Refused: E0308

use epoch::{
    EpochPtr,
    Owned,
    Unlinked, //
};

pub fn take(pointer: &EpochPtr<u32>) -> Option<Owned<u32>> {
    #[cfg(refused)]
    return pointer.swap(None);
    #[cfg(not(refused))]
    pointer.swap(None).map(Unlinked::synchronize)
}
