// SPDX-License-Identifier: GPL-2.0

//! Readers in other tasks find the object, and yet another task frees it: it must be `Send + Sync`.
//! Refused: E0277

use epoch::EpochPtr;

#[cfg(refused)]
pub type Object = *mut u32;
#[cfg(not(refused))]
pub type Object = u32;

pub fn free(pointer: EpochPtr<Object>) {
    drop(pointer);
}
