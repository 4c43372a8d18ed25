// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory that forked workers share with their parent.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;

use anyhow::{Context, Result};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Types that may live in shared memory that starts as zeros.
///
/// # Safety
///
/// All bytes zero must be a valid value, all mutation must go through atomics,
/// no value may hold a pointer, and dropping must have nothing to do.
pub unsafe trait Shareable: Sync {}

/// A slice in anonymous shared memory, zeroed, and the same memory in every
/// process forked later.
///
/// # Invariants
///
/// `start` points to a mapping of `len` values that lives as long as this.
pub struct SharedSlice<T: Shareable> {
    start: NonNull<c_void>,
    len: usize,
    values: PhantomData<T>,
}

// SAFETY: it only hands out `&[T]`, and `T: Sync` by `Shareable`.
unsafe impl<T: Shareable> Send for SharedSlice<T> {}
// SAFETY: a shared reference only hands out `&[T]`, and `T: Sync` by `Shareable`.
unsafe impl<T: Shareable> Sync for SharedSlice<T> {}

impl<T: Shareable> SharedSlice<T> {
    /// Maps memory for `len` values, at least 1.
    pub fn new(len: usize) -> Result<Self> {
        let bytes = len
            .checked_mul(size_of::<T>())
            .and_then(NonZeroUsize::new)
            .context("shared memory must hold at least one value")?;
        // SAFETY: a new mapping at an address of the kernel's choice touches no
        // memory that is in use.
        let start = unsafe {
            mmap_anonymous(
                None,
                bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
            )
        }
        .context("no shared memory for the workers' counters: free some memory")?;
        // INVARIANT: the mapping is new, and only `drop` unmaps it.
        Ok(Self {
            start,
            len,
            values: PhantomData,
        })
    }
}

impl<T: Shareable> Deref for SharedSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: by the invariant the mapping holds `len` values, page-aligned
        // and zeroed at first, which `Shareable` says is valid; they are only
        // changed through atomics.
        unsafe { std::slice::from_raw_parts(self.start.cast().as_ptr(), self.len) }
    }
}

impl<T: Shareable> Drop for SharedSlice<T> {
    fn drop(&mut self) {
        // SAFETY: by the invariant the mapping is ours, and `&mut self` says
        // that no slice of it is borrowed any more.
        let _ = unsafe { munmap(self.start, self.len * size_of::<T>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Counter(AtomicU64);
    // SAFETY: an atomic integer alone.
    unsafe impl Shareable for Counter {}

    #[test]
    fn shared_memory_is_zeroed_and_writable() {
        let counters = SharedSlice::<Counter>::new(1000).unwrap();
        assert!(counters.iter().all(|c| c.0.load(Ordering::Relaxed) == 0));
        counters[999].0.store(7, Ordering::Relaxed);
        assert_eq!(counters[999].0.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn nothing_is_not_mapped() {
        assert!(SharedSlice::<Counter>::new(0).is_err());
    }
}
