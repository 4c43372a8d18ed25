// SPDX-License-Identifier: GPL-2.0

//! Whoever leaves a bare section has to know that it is of that epoch.
//! Refused: E0133

use epoch::Epoch;

pub fn leave(epoch: &Epoch) {
    let section = epoch.domain().enter();
    #[cfg(refused)]
    epoch.domain().exit(section);
    #[cfg(not(refused))]
    // SAFETY: It was entered there.
    unsafe {
        epoch.domain().exit(section)
    };
}
