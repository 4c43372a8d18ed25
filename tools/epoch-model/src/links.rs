// SPDX-License-Identifier: GPL-2.0

//! The pointers of a list, watched by loom.

use crate::{
    Flaw, Slip,
    domain::list::{Links, Node},
};
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicPtr, Ordering},
};
use std::{marker::PhantomData, ptr::NonNull};

/// Pointers that loom watches. What is a full barrier in the kernel is a release and an acquire here:
/// no more is needed.
pub struct LoomLinks<F>(PhantomData<F>);

impl<F: Flaw> Links for LoomLinks<F> {
    type Shared = AtomicPtr<Node<Self>>;
    type Owned = UnsafeCell<Option<NonNull<Node<Self>>>>;

    fn load_relaxed(shared: &Self::Shared) -> *mut Node<Self> {
        shared.load(Ordering::Relaxed)
    }

    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node<Self>,
        new: *mut Node<Self>,
    ) -> Result<(), *mut Node<Self>> {
        let success = match F::SLIP {
            Some(Slip::RelaxedPush) => Ordering::Relaxed,
            Some(Slip::BlindPush) => {
                shared.swap(new, Ordering::AcqRel);
                return Ok(());
            }
            _ => Ordering::AcqRel,
        };
        shared
            .compare_exchange(old, new, success, Ordering::Relaxed)
            .map(|_| ())
    }

    fn exchange(shared: &Self::Shared, new: *mut Node<Self>) -> *mut Node<Self> {
        shared.swap(new, Ordering::AcqRel)
    }

    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node<Self>>> {
        // SAFETY: Loom checks the access, which is what the tests are about.
        owned.with(|next| unsafe { *next })
    }

    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node<Self>>>) {
        // SAFETY: As above.
        owned.with_mut(|owned| unsafe { *owned = next });
    }
}
