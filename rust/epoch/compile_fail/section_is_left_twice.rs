// SPDX-License-Identifier: GPL-2.0

//! A section must be left only once.
//! Refused: E0382

use epoch::{
    Detached,
    Epoch, //
};

pub fn leave(epoch: &Epoch) {
    let section = epoch.enter_detached().into_raw();
    // SAFETY: The section was entered in this epoch.
    drop(unsafe { Detached::from_raw(epoch, section) });
    #[cfg(refused)]
    // SAFETY: The section was entered in this epoch, but has been left.
    drop(unsafe { Detached::from_raw(epoch, section) });
}
