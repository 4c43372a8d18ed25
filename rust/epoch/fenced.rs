// SPDX-License-Identifier: GPL-2.0

//! An epoch whose readers execute fences, so that its updaters send no interrupts.

use crate::{
    platform::Flavour,
    Epoch,
    Guard, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};
use kernel_ext::barrier::full_barrier;

/// An [`Epoch`] with a full barrier in [`FencedEpoch::enter`], and another when its guard is
/// dropped.
///
/// For rare sections or frequent updates: a grace period does not interrupt CPUs.
///
/// # Examples
///
/// ```
/// use epoch::FencedEpoch;
///
/// let epoch = FencedEpoch::new(c"example")?;
/// let guard = epoch.enter();
/// assert_eq!(epoch.readers(), 1);
/// drop(guard);
/// // Interrupts no CPU.
/// epoch.synchronize();
/// epoch.barrier();
/// # Ok::<(), Error>(())
/// ```
// Transparent: a pointer to the epoch that C has is one of these (torture/rust_type.rs).
#[derive(Clone)]
#[repr(transparent)]
pub struct FencedEpoch {
    epoch: ARef<Epoch>,
}

impl FencedEpoch {
    /// Creates an epoch whose readers execute fences. Otherwise as [`Epoch::new`].
    pub fn new(name: &CStr) -> Result<Self> {
        Ok(Self {
            epoch: Epoch::build(name, Flavour::Fenced)?,
        })
    }

    /// Enters a read-side section as [`Epoch::enter`] does, with a full barrier.
    #[inline]
    pub fn enter(&self) -> FencedGuard<'_> {
        let guard = self.epoch.enter();
        // Pairs with the heavy barrier between `Domain::look` and `Domain::conclude`.
        full_barrier();
        FencedGuard { _guard: guard }
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does.
    pub fn synchronize(&self) {
        self.epoch.synchronize();
    }

    /// Waits for callbacks as [`Epoch::barrier`] does.
    pub fn barrier(&self) {
        self.epoch.barrier();
    }

    /// Returns the number of open sections as [`Epoch::readers`] does.
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
        // Pairs with the heavy barrier between `Domain::look` and `Domain::conclude`.
        full_barrier();
    }
}
