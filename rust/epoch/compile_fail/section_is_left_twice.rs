// SPDX-License-Identifier: GPL-2.0

//! A section is left once.
//! Refused: E0382

use epoch::Epoch;

pub fn leave(epoch: &Epoch) {
    let section = epoch.domain().enter();
    // SAFETY: It was entered there.
    unsafe { epoch.domain().exit(section) };
    #[cfg(refused)]
    // SAFETY: As above, but it was left.
    unsafe {
        epoch.domain().exit(section)
    };
}
