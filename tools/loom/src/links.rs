// SPDX-License-Identifier: GPL-2.0

//! Pointers of lists, tracked by loom.

use crate::{
    Flaw, Memory,
    domain::list::{Links, Node},
};
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicPtr, Ordering},
};
use std::{
    marker::PhantomData,
    ptr::{self, NonNull},
};

/// Pointers of lists, tracked by loom.
pub struct LoomLinks<F>(PhantomData<F>);

impl<F: Flaw> LoomLinks<F> {
    const ORDER: Ordering = match F::ORDERED_LISTS {
        true => Ordering::AcqRel,
        false => Ordering::Relaxed,
    };
}

/// A pointer tracked by loom.
pub struct LoomPointer<F: Flaw> {
    pointer: AtomicPtr<Node<LoomLinks<F>>>,
    memory: Memory,
}

impl<F: Flaw> LoomPointer<F> {
    fn pointer(&self) -> &AtomicPtr<Node<LoomLinks<F>>> {
        self.memory.access();
        &self.pointer
    }
}

impl<F: Flaw> Links for LoomLinks<F> {
    type Shared = LoomPointer<F>;
    type Owned = UnsafeCell<Option<NonNull<Node<Self>>>>;

    fn null() -> Self::Shared {
        LoomPointer {
            pointer: AtomicPtr::new(ptr::null_mut()),
            memory: Memory::new(),
        }
    }

    fn nothing() -> Self::Owned {
        UnsafeCell::new(None)
    }

    fn load_relaxed(shared: &Self::Shared) -> *mut Node<Self> {
        shared.pointer().load(Ordering::Relaxed)
    }

    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node<Self>,
        new: *mut Node<Self>,
    ) -> Result<(), *mut Node<Self>> {
        if F::COMPARED_LISTS {
            shared
                .pointer()
                .compare_exchange(old, new, Self::ORDER, Ordering::Relaxed)?;
        } else {
            shared.pointer().swap(new, Self::ORDER);
        }
        Ok(())
    }

    fn exchange(shared: &Self::Shared, new: *mut Node<Self>) -> *mut Node<Self> {
        shared.pointer().swap(new, Self::ORDER)
    }

    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node<Self>>> {
        // SAFETY: Loom checks the access, which is what the tests are about.
        owned.with(|next| unsafe { *next })
    }

    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node<Self>>>) {
        // SAFETY: Loom checks the access, which is what the tests are about.
        owned.with_mut(|owned| unsafe { *owned = next });
    }
}
