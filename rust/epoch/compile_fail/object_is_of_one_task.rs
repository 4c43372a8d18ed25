// SPDX-License-Identifier: GPL-2.0

//! Readers in other tasks find it, and it is freed in yet another one.
//! Refused: E0277

use epoch::EpochPtr;

#[cfg(refused)]
pub type Object = *mut u32;
#[cfg(not(refused))]
pub type Object = u32;

pub fn free(pointer: EpochPtr<Object>) {
    drop(pointer);
}
