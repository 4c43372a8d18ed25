// SPDX-License-Identifier: GPL-2.0

//! Pointers that readers dereference inside sections of an epoch.

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

/// An object with the head of the callback that frees it.
#[repr(C)]
struct Node<T> {
    // First, so that its address is that of the whole.
    head: Head,
    value: T,
}

/// An object that no reader can find yet, for an [`EpochPtr`].
///
/// # Examples
///
/// ```
/// use epoch::Owned;
///
/// let object = Owned::new(1, GFP_KERNEL)?;
/// assert_eq!(*object, 1);
/// assert_eq!(object.into_inner(), 1);
/// # Ok::<(), Error>(())
/// ```
pub struct Owned<T>(KBox<Node<T>>);

impl<T> Owned<T> {
    /// Allocates an object of `value`. Returns [`ENOMEM`] if there is no memory.
    pub fn new(value: T, flags: Flags) -> Result<Self> {
        Ok(Self(KBox::new(
            Node {
                head: Head::new(),
                value,
            },
            flags,
        )?))
    }

    /// Returns the value, and frees the memory of the object.
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

/// A pointer to an object, or null, that readers dereference inside sections of one epoch while
/// others replace it.
///
/// A reference that a reader gets lives as long as its guard. A replaced object is [`Unlinked`]
/// until a grace period has passed.
///
/// # Invariants
///
/// The pointer is null, or from a leaked [`Owned`]. Its object is freed only after a grace period
/// of `epoch` that begins when nobody can load it any more.
///
/// # Examples
///
/// ```
/// use epoch::{Epoch, EpochPtr, Owned};
///
/// let epoch = Epoch::new(c"example")?;
/// let current = EpochPtr::new(epoch.clone(), Some(Owned::new(1, GFP_KERNEL)?));
///
/// // A reader:
/// let guard = epoch.enter();
/// assert_eq!(current.load(&guard), Some(&1));
/// drop(guard);
///
/// // An updater; the old object is freed after a grace period.
/// drop(current.swap(Some(Owned::new(2, GFP_KERNEL)?)));
/// # Ok::<(), Error>(())
/// ```
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
        // INVARIANT: `object` is leaked here.
        Self {
            epoch,
            ptr: Atomic::new(Owned::into_ptr(object)),
        }
    }

    /// Returns the object, inside `section`, which may be a [`Guard`](crate::Guard). Any context.
    ///
    /// With a section of another epoch, which protects nothing here, it warns and returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Epoch, EpochPtr};
    /// let epoch = Epoch::new(c"example")?;
    /// let current = EpochPtr::<u32>::new(epoch.clone(), None);
    /// let guard = epoch.enter();
    /// assert_eq!(current.load(&guard), None);
    /// # drop(guard);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load<'a>(&self, section: &'a Detached<'_>) -> Option<&'a T> {
        if kernel::warn_on!(!ptr::eq(section.epoch(), &*self.epoch)) {
            return None;
        }
        // Acquire: pairs with the full ordering in `swap`, for the contents of the object.
        let node = self.ptr.load(Acquire);
        // SAFETY: By the type invariant `node` is valid until a grace period has passed that begins
        // when it cannot be loaded any more; the section is older than that.
        unsafe { node.as_ref() }.map(|node| &node.value)
    }

    /// Replaces the object with `object`, and returns the old one. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Epoch, EpochPtr, Owned};
    /// let epoch = Epoch::new(c"example")?;
    /// let current = EpochPtr::new(epoch.clone(), Some(Owned::new(1, GFP_KERNEL)?));
    /// let old = current.swap(None);
    /// assert!(old.is_some());
    /// assert!(current.swap(None).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn swap(&self, object: Option<Owned<T>>) -> Option<Unlinked<T>> {
        // Full: a reader that loads the new object sees its contents (pairs with the acquire in
        // `load`), and the grace period begins after the old one was replaced.
        let old = self.ptr.xchg(Owned::into_ptr(object), Full);
        // INVARIANT: `old` is from a leaked `Owned`, and cannot be loaded any more.
        NonNull::new(old).map(|node| Unlinked {
            epoch: self.epoch.clone(),
            node,
        })
    }
}

impl<T: Send + Sync + 'static> Drop for EpochPtr<T> {
    fn drop(&mut self) {
        // Readers may still have the object, since they borrow their guard.
        drop(self.swap(None));
    }
}

/// An object that readers can no longer find, but may still use. Dropping it frees the object after
/// a grace period, without waiting for that.
///
/// # Invariants
///
/// `node` is from a leaked [`Owned`], and was unlinked from an [`EpochPtr`] of `epoch`.
pub struct Unlinked<T: Send + Sync + 'static> {
    epoch: ARef<Epoch>,
    node: NonNull<Node<T>>,
}

// SAFETY: `Unlinked` owns an object that may be sent and shared.
unsafe impl<T: Send + Sync + 'static> Send for Unlinked<T> {}
// SAFETY: `Unlinked` has no methods that take a shared reference.
unsafe impl<T: Send + Sync + 'static> Sync for Unlinked<T> {}

impl<T: Send + Sync + 'static> Unlinked<T> {
    /// Waits for a grace period, and returns the object, which no reader uses any more. Context as
    /// for [`Epoch::synchronize`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Epoch, EpochPtr, Owned};
    /// let epoch = Epoch::new(c"example")?;
    /// let current = EpochPtr::new(epoch.clone(), Some(Owned::new(1, GFP_KERNEL)?));
    /// if let Some(old) = current.swap(None) {
    ///     assert_eq!(old.synchronize().into_inner(), 1);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize(self) -> Owned<T> {
        let mut this = ManuallyDrop::new(self);
        this.epoch.synchronize();
        let node = this.node;
        // SAFETY: `this` is not dropped, and not used afterwards.
        unsafe { ptr::drop_in_place(&mut this.epoch) };
        // SAFETY: By the type invariant `node` is from a leaked box, and no section is left that
        // could have loaded it.
        Owned(unsafe { KBox::from_raw(node.as_ptr()) })
    }
}

impl<T: Send + Sync + 'static> Drop for Unlinked<T> {
    fn drop(&mut self) {
        /// # Safety
        ///
        /// `head` is that of a node of a leaked box, and nobody else uses it.
        unsafe extern "C" fn free<T>(head: *mut Head) {
            // SAFETY: `head` is the first field of a node of a leaked box, which nobody else uses.
            drop(unsafe { KBox::from_raw(head.cast::<Node<T>>()) });
        }

        // SAFETY: By the type invariant the head is valid, and queued here only. The object is
        // `Send` and `'static`; unloading the module that contains the callback waits for it.
        unsafe { self.epoch.call(self.node.cast(), free::<T>) };
    }
}
