// SPDX-License-Identifier: GPL-2.0

//! An epoch whose readers have fences, and whose updaters therefore interrupt nobody.

use crate::{
    Epoch,
    Guard, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::{
        barrier::{
            smp_mb,
            Full, //
        },
        LockClassKey, //
    }, //
};

/// An [`Epoch`] with a full barrier in [`FencedEpoch::enter`], and another when its guard is dropped.
///
/// For sections that are rare, or whose updaters are not: a grace period does not interrupt CPUs.
#[pin_data]
pub struct FencedEpoch {
    #[pin]
    epoch: Epoch,
}

impl FencedEpoch {
    /// As [`Epoch::new`].
    pub fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            epoch <- Epoch::with_fenced_readers(name, key),
        })
    }

    /// As [`Epoch::enter`], with a full barrier.
    #[inline]
    pub fn enter(&self) -> FencedGuard<'_> {
        let guard = self.epoch.enter();
        // Pairs with the barrier in `Domain::are_drained`.
        smp_mb(Full);
        FencedGuard { _guard: guard }
    }

    /// As [`Epoch::synchronize`].
    pub fn synchronize(&self) {
        self.epoch.synchronize();
    }

    /// As [`Epoch::barrier`].
    pub fn barrier(&self) {
        self.epoch.barrier();
    }

    /// As [`Epoch::readers`].
    pub fn readers(&self) -> usize {
        self.epoch.readers()
    }
}

/// A section of a [`FencedEpoch`]; dropping it leaves the section.
#[must_use = "the section is left when the guard is dropped, at once if it is unused"]
pub struct FencedGuard<'a> {
    // Dropped after the barrier.
    _guard: Guard<'a>,
}

impl Drop for FencedGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // Pairs with the barrier in `Domain::are_drained`.
        smp_mb(Full);
    }
}
