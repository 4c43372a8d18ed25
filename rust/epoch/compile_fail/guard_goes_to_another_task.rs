// SPDX-License-Identifier: GPL-2.0

//! A guard stays with its task, for lockdep; a detached section may be sent to another.
//! Refused: E0277

use epoch::Epoch;

fn send<T: Send>(value: T) {
    drop(value);
}

pub fn leave_elsewhere(epoch: &Epoch) {
    send(epoch.enter_detached());
    #[cfg(refused)]
    send(epoch.enter());
}
