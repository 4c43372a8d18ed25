// SPDX-License-Identifier: GPL-2.0

//! A bare section does not know its epoch: only unsafe code can name it.
//! Refused: E0133

use epoch::{
    Detached,
    Epoch, //
};

pub fn leave(epoch: &Epoch) {
    let section = epoch.enter_detached().into_raw();
    #[cfg(refused)]
    drop(Detached::from_raw(epoch, section));
    #[cfg(not(refused))]
    // SAFETY: The section was entered in this epoch.
    drop(unsafe { Detached::from_raw(epoch, section) });
}
