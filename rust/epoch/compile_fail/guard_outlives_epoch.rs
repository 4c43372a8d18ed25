// SPDX-License-Identifier: GPL-2.0

//! An epoch must outlive its guards.
//! Refused: E0505

use epoch::Epoch;
use kernel::prelude::*;

pub fn free(epoch: Pin<KBox<Epoch>>) {
    let guard = epoch.enter();
    #[cfg(refused)]
    drop(epoch);
    drop(guard);
}
