// SPDX-License-Identifier: GPL-2.0

//! An intrusive list that any context may add to without a lock.
//!
//! The same as [`include/linux/llist.h`](srctree/include/linux/llist.h): many add, someone takes
//! all.

use core::ptr::{
    self,
    NonNull, //
};

/// What a list's pointers are, in the place that it is in.
pub trait Links: Sized {
    /// A pointer that many read and write at a time.
    type Shared;

    /// A pointer that one at a time has.
    type Owned;

    /// Reads the pointer, without any ordering.
    fn load_relaxed(shared: &Self::Shared) -> *mut Node<Self>;

    /// Writes `new` if the pointer is `old`; fails with what it is if not. Success is a full barrier,
    /// before and after.
    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node<Self>,
        new: *mut Node<Self>,
    ) -> Result<(), *mut Node<Self>>;

    /// Writes `new`, and gives what was there before. A full barrier, before and after.
    fn exchange(shared: &Self::Shared, new: *mut Node<Self>) -> *mut Node<Self>;

    /// Reads the pointer.
    ///
    /// # Safety
    ///
    /// The caller has it.
    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node<Self>>>;

    /// Writes the pointer.
    ///
    /// # Safety
    ///
    /// The caller has it.
    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node<Self>>>);
}

/// What an object embeds to be on a [`List`].
#[repr(transparent)]
pub struct Node<L: Links> {
    // Whoever has the node has it: who puts it on a list, and, once it was taken off, who took it.
    next: L::Owned,
}

impl<L: Links> Node<L> {
    /// A node that is on no list; what `next` points to does not matter.
    pub const fn new(next: L::Owned) -> Self {
        Self { next }
    }
}

/// A list of [`Node`]s.
///
/// # Invariants
///
/// `first`, and each node's `next`, is null or points to a node that is on this list only and
/// valid until it is taken off.
#[repr(C, align(64))]
pub struct List<L: Links> {
    first: L::Shared,
}

impl<L: Links> List<L> {
    /// A list whose first node is the one that `first` points to.
    ///
    /// # Safety
    ///
    /// It is null.
    pub const unsafe fn new(first: L::Shared) -> Self {
        // INVARIANT: By the caller's promise.
        Self { first }
    }

    /// Puts `node` on the list. Any context.
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone until it is taken off.
    pub unsafe fn push(&self, node: NonNull<Node<L>>) {
        let mut first = L::load_relaxed(&self.first);
        loop {
            // SAFETY: By the caller's promise the node is this function's until it is on the list.
            unsafe { L::set(&node.as_ref().next, NonNull::new(first)) };
            // What the caller did before comes before what is done to the node after it was taken
            // off; pairs with the exchange in `List::take_all`.
            match L::compare_exchange(&self.first, first, node.as_ptr()) {
                Ok(()) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes all nodes off, the oldest first. Any context.
    pub fn take_all(&self) -> Taken<L> {
        // Pairs with the exchange in `List::push`.
        let last = NonNull::new(L::exchange(&self.first, ptr::null_mut()));
        let mut first = None;
        let mut next = last;
        while let Some(node) = next {
            // SAFETY: By the type invariant the node is valid; it was just taken off, so that this
            // function has it for itself.
            unsafe {
                next = L::get(&node.as_ref().next);
                L::set(&node.as_ref().next, first);
            }
            first = Some(node);
        }
        // INVARIANT: The list was a chain from `last` to the oldest, and has been turned round.
        Taken(first.zip(last))
    }
}

/// Nodes that were taken off lists, to be gone through.
///
/// # Invariants
///
/// From the first to the last, the nodes form a chain of valid nodes that are on no list and that
/// nobody else touches.
pub struct Taken<L: Links>(Option<Ends<L>>);

/// The first and the last node.
type Ends<L> = (NonNull<Node<L>>, NonNull<Node<L>>);

impl<L: Links> Default for Taken<L> {
    fn default() -> Self {
        Self(None)
    }
}

impl<L: Links> Taken<L> {
    /// Puts the nodes of `other` behind these.
    pub fn append(&mut self, other: Taken<L>) {
        self.0 = match (self.0, other.0) {
            (Some((first, last)), Some((next, end))) => {
                // SAFETY: By the type invariant the node is valid and not touched by anyone else.
                unsafe { L::set(&last.as_ref().next, Some(next)) };
                // INVARIANT: The one chain now continues with the other.
                Some((first, end))
            }
            (these, None) => these,
            (None, those) => those,
        };
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<L: Links> Iterator for Taken<L> {
    type Item = NonNull<Node<L>>;

    fn next(&mut self) -> Option<NonNull<Node<L>>> {
        let (first, last) = self.0?;
        // Before the node is given away: the next owner may free it.
        // SAFETY: By the type invariant the node is valid and not touched by anyone else.
        let next = unsafe { L::get(&first.as_ref().next) };
        // INVARIANT: What is left of the chain.
        self.0 = next.filter(|_| first != last).map(|next| (next, last));
        Some(first)
    }
}
