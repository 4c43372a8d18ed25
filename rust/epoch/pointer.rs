// SPDX-License-Identifier: GPL-2.0

//! Pointers that readers follow inside sections of an epoch.

use crate::{
    callback::Head,
    Detached,
    Epoch, //
};
use core::{
    mem::ManuallyDrop,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    alloc::Flags,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Full, //
        }, //
    }, //
};

/// An object with room for what frees it after a grace period.
#[repr(C)]
struct Node<T> {
    // First, so that its address is that of the whole.
    head: Head,
    value: T,
}

/// An object that no reader can find yet: what an [`EpochPtr`] takes.
pub struct Owned<T>(KBox<Node<T>>);

impl<T> Owned<T> {
    /// Allocates room for `value`. [`ENOMEM`] when there is none.
    pub fn new(value: T, flags: Flags) -> Result<Self> {
        Ok(Self(KBox::new(
            Node {
                head: Head::new(),
                value,
            },
            flags,
        )?))
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        KBox::into_inner(self.0).value
    }

    fn into_ptr(this: Option<Self>) -> *mut Node<T> {
        this.map_or(ptr::null_mut(), |owned| KBox::into_raw(owned.0))
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

/// A pointer to an object, or to none, that readers follow inside sections of one epoch while others
/// replace it.
///
/// What a reader gets lives as long as its guard. An object that was replaced is an [`Unlinked`] one
/// until a grace period has passed.
///
/// # Invariants
///
/// The pointer is null, or one of an [`Owned`] that was given up. It is freed only after a grace
/// period of `epoch` that begins when nobody can load it any more.
pub struct EpochPtr<T: Send + Sync + 'static> {
    epoch: ARef<Epoch>,
    ptr: Atomic<*mut Node<T>>,
}

impl<T: Send + Sync + 'static> EpochPtr<T> {
    /// Creates a pointer to `object`, for sections of `epoch`.
    ///
    /// Objects may hold such pointers themselves: a list or a tree is freed one level in each grace
    /// period.
    pub fn new(epoch: ARef<Epoch>, object: Option<Owned<T>>) -> Self {
        // INVARIANT: It is given up here.
        Self {
            epoch,
            ptr: Atomic::new(Owned::into_ptr(object)),
        }
    }

    /// The object, inside `section`; a [`Guard`](crate::Guard) will do. Any context.
    ///
    /// With a section of another epoch, which protects nothing here, it warns and finds none.
    pub fn load<'a>(&self, section: &'a Detached<'_>) -> Option<&'a T> {
        if kernel::warn_on!(!ptr::eq(section.epoch(), &*self.epoch)) {
            return None;
        }
        // Acquire: pairs with the full ordering in `swap`, for what was written to the object.
        let node = self.ptr.load(Acquire);
        // SAFETY: By the type invariant it is valid until a grace period has passed that begins when
        // it cannot be loaded any more; the section is older than that.
        unsafe { node.as_ref() }.map(|node| &node.value)
    }

    /// Puts `object` in the place of the one that is there. Any context.
    pub fn swap(&self, object: Option<Owned<T>>) -> Option<Unlinked<T>> {
        // Full: whoever loads the new object sees what was written to it, and the grace period
        // begins after the old one was replaced.
        let old = self.ptr.xchg(Owned::into_ptr(object), Full);
        // INVARIANT: It was one of an `Owned`, and cannot be loaded any more.
        NonNull::new(old).map(|node| Unlinked {
            epoch: self.epoch.clone(),
            node,
        })
    }
}

impl<T: Send + Sync + 'static> Drop for EpochPtr<T> {
    fn drop(&mut self) {
        // Readers may still have it, since what they borrow is their guard.
        drop(self.swap(None));
    }
}

/// An object that readers do not find any more, but may still have. Dropping it frees the object after
/// a grace period, without waiting for that.
///
/// # Invariants
///
/// `node` is one of an [`Owned`] that was given up, and was unlinked from an [`EpochPtr`] of `epoch`.
pub struct Unlinked<T: Send + Sync + 'static> {
    epoch: ARef<Epoch>,
    node: NonNull<Node<T>>,
}

// SAFETY: It owns an object that may be sent and shared.
unsafe impl<T: Send + Sync + 'static> Send for Unlinked<T> {}
// SAFETY: It has no methods that take a shared reference.
unsafe impl<T: Send + Sync + 'static> Sync for Unlinked<T> {}

impl<T: Send + Sync + 'static> Unlinked<T> {
    /// Waits for a grace period; then the object is nobody else's. Context as for
    /// [`Epoch::synchronize`].
    pub fn synchronize(self) -> Owned<T> {
        let mut this = ManuallyDrop::new(self);
        this.epoch.synchronize();
        let node = this.node;
        // SAFETY: `this` is not dropped, and not used after this.
        unsafe { ptr::drop_in_place(&mut this.epoch) };
        // SAFETY: By the type invariant it came from a box, and no section is left that could have
        // loaded it.
        Owned(unsafe { KBox::from_raw(node.as_ptr()) })
    }
}

impl<T: Send + Sync + 'static> Drop for Unlinked<T> {
    fn drop(&mut self) {
        /// # Safety
        ///
        /// `head` is that of a node of a box that was given up, and nobody else has it.
        unsafe extern "C" fn free<T>(head: *mut Head) {
            // SAFETY: By the caller's promise; it is the first field of the node.
            drop(unsafe { KBox::from_raw(head.cast::<Node<T>>()) });
        }

        // SAFETY: By the type invariant the head is valid, and queued here only. The object is `Send`
        // and `'static`; the unloading of the module whose code the callback is waits for it.
        unsafe { self.epoch.call(self.node.cast(), free::<T>) };
    }
}
