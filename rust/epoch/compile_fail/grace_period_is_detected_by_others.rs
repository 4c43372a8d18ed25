// SPDX-License-Identifier: GPL-2.0

//! A second detector of an epoch's grace periods would end them early, so the engine is private.
//! Refused: E0603

#[cfg(refused)]
use epoch::domain::Engine;
use epoch::Epoch;

pub fn detect(epoch: &Epoch) {
    #[cfg(refused)]
    let _ = Engine::<()>::new;
    epoch.synchronize();
}
