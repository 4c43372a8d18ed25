// SPDX-License-Identifier: GPL-2.0

//! The pointers of lists in the kernel.

use crate::domain::list::{
    self,
    Links, //
};
use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::sync::atomic::{
    Atomic,
    Full,
    Relaxed, //
};

/// Pointers in the kernel's memory.
pub(crate) enum KernelLinks {}

/// A list entry, embedded in an object.
pub(crate) type Node = list::Node<KernelLinks>;

/// Nodes that were taken off lists.
pub(crate) type Taken = list::Taken<KernelLinks>;

impl Links for KernelLinks {
    type Shared = Atomic<*mut Node>;
    type Owned = UnsafeCell<Option<NonNull<Node>>>;

    fn null() -> Self::Shared {
        Atomic::new(core::ptr::null_mut())
    }

    fn nothing() -> Self::Owned {
        UnsafeCell::new(None)
    }

    fn load_relaxed(shared: &Self::Shared) -> *mut Node {
        shared.load(Relaxed)
    }

    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node,
        new: *mut Node,
    ) -> Result<(), *mut Node> {
        shared.cmpxchg(old, new, Full).map(|_| ())
    }

    fn exchange(shared: &Self::Shared, new: *mut Node) -> *mut Node {
        shared.xchg(new, Full)
    }

    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node>> {
        // SAFETY: The caller owns the pointer, so nobody else accesses it.
        unsafe { *owned.get() }
    }

    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node>>) {
        // SAFETY: The caller owns the pointer, so nobody else accesses it.
        unsafe { *owned.get() = next };
    }
}
