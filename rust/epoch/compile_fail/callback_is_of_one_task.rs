// SPDX-License-Identifier: GPL-2.0

//! A deferred closure runs in another task, so its captures must be `Send`.
//! Refused: E0277

use epoch::{
    Deferred,
    Epoch, //
};
use kernel::prelude::*;

#[cfg(refused)]
pub type Captured = *mut u32;
#[cfg(not(refused))]
pub type Captured = u32;

pub fn defer(epoch: &Epoch, captured: Captured) -> Result {
    epoch.defer(Deferred::new(move || drop(captured), GFP_KERNEL)?);
    Ok(())
}
