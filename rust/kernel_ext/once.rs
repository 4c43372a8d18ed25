// SPDX-License-Identifier: GPL-2.0

//! A shared word without a function call for each access.
//!
//! `kernel::sync::atomic` goes through C helpers, which only a kernel built with
//! `CONFIG_RUST_INLINE_HELPERS` inlines; a read-side fast path cannot afford the call.

use core::cell::UnsafeCell;

/// A word that may be read and written at the same time, each access being single-copy atomic and
/// without ordering.
///
/// C: `READ_ONCE()` and `WRITE_ONCE()`.
#[repr(transparent)]
pub struct Once(UnsafeCell<usize>);

// SAFETY: All accesses are volatile accesses of an aligned word, which the kernel's memory model
// takes for marked accesses: they do not race.
unsafe impl Sync for Once {}

impl Once {
    /// A word that holds `value`.
    pub const fn new(value: usize) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// C: `READ_ONCE()`.
    #[inline(always)]
    pub fn read(&self) -> usize {
        // SAFETY: The pointer is that of a live, aligned word.
        unsafe { self.0.get().read_volatile() }
    }

    /// C: `WRITE_ONCE()`.
    #[inline(always)]
    pub fn write(&self, value: usize) {
        // SAFETY: The pointer is that of a live, aligned word.
        unsafe { self.0.get().write_volatile(value) };
    }
}
