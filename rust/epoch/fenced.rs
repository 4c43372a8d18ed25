// SPDX-License-Identifier: GPL-2.0

//! An epoch whose readers have fences, and whose updaters therefore interrupt nobody.

use crate::{
    platform::HeavyBarrier,
    Epoch,
    Guard, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::barrier::{
        smp_mb,
        Full, //
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
    pub fn new(name: &CStr) -> impl PinInit<Self, Error> + use<'_> {
        try_pin_init!(Self {
            epoch <- Epoch::build(name, HeavyBarrier::Local),
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
