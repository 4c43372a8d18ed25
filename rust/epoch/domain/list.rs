// SPDX-License-Identifier: GPL-2.0

//! An intrusive list that any context may push to without a lock, and that at most one *tender*
//! empties.
//!
//! It is [`include/linux/llist.h`](srctree/include/linux/llist.h) with one more state. A list that
//! is not tended is empty; the push that makes it non-empty makes its caller the tender. The tender
//! takes all nodes, as often as it likes, and releases the list with one compare-and-exchange,
//! which fails if there are new nodes. After that it no longer touches the list. So a list needs
//! neither a lock nor a flag to say who is responsible, and a caller that finds it untended knows
//! that only a push will touch it.

use core::ptr::{
    self,
    NonNull, //
};

/// The pointer types of a list on a platform.
pub trait Links: Sized {
    /// A pointer that several tasks read and write concurrently.
    type Shared;

    /// A pointer with one owner at a time.
    type Owned;

    /// Creates a shared pointer that is null.
    fn null() -> Self::Shared;

    /// Creates an owned pointer to nothing.
    fn nothing() -> Self::Owned;

    /// Reads the pointer, without any ordering.
    fn load_relaxed(shared: &Self::Shared) -> *mut Node<Self>;

    /// Writes `new` if the pointer is `old`; otherwise fails with its current value. Success is a
    /// full barrier, before and after.
    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node<Self>,
        new: *mut Node<Self>,
    ) -> Result<(), *mut Node<Self>>;

    /// Writes `new`, and returns the previous value. A full barrier, before and after.
    fn exchange(shared: &Self::Shared, new: *mut Node<Self>) -> *mut Node<Self>;

    /// Reads an owned pointer.
    ///
    /// # Safety
    ///
    /// The caller owns `owned`: nobody else accesses it at the same time.
    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node<Self>>>;

    /// Writes an owned pointer.
    ///
    /// # Safety
    ///
    /// The caller owns `owned`: nobody else accesses it at the same time.
    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node<Self>>>);
}

/// A list entry, embedded in an object that goes on a [`List`].
#[repr(transparent)]
pub struct Node<L: Links> {
    // Owned by the owner of the node: the caller that pushes it, and later the tender that takes
    // it.
    next: L::Owned,
}

impl<L: Links> Node<L> {
    /// Creates a node that is on no list; `next` may point anywhere.
    pub const fn new(next: L::Owned) -> Self {
        Self { next }
    }

    /// Creates a node that is on no list.
    pub fn unlinked() -> Self {
        Self::new(L::nothing())
    }
}

/// A list of [`Node`]s.
///
/// # Invariants
///
/// `first` is null if the list is empty and has no tender, `TENDED` if it is empty and has one, and
/// else points to a node; then it has a tender, too. That node, and each node's `next` unless it is
/// none, is on this list only and valid until it is taken off.
#[repr(transparent)]
pub struct List<L: Links> {
    first: L::Shared,
}

impl<L: Links> List<L> {
    /// Creates an empty list without a tender.
    pub fn new() -> Self {
        // INVARIANT: `first` is null.
        Self { first: L::null() }
    }

    /// Creates an empty list in a constant expression, for statics, where [`List::new`] cannot be
    /// called.
    ///
    /// # Safety
    ///
    /// `first` is null.
    pub const unsafe fn from_null(first: L::Shared) -> Self {
        // INVARIANT: `first` is null, as this function requires.
        Self { first }
    }

    /// The value of `first` while the list is empty and has a tender; no node has that address.
    const TENDED: *mut Node<L> = ptr::without_provenance_mut(1);

    /// Returns the node that `first` points to, if there is one.
    fn node(first: *mut Node<L>) -> Option<NonNull<Node<L>>> {
        match ptr::eq(first, Self::TENDED) {
            true => None,
            false => NonNull::new(first),
        }
    }

    /// Pushes `node`. Any context. Returns whether that made the caller the list's tender.
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone until it is taken off.
    #[must_use = "somebody has to tend the list"]
    pub unsafe fn push(&self, node: NonNull<Node<L>>) -> bool {
        let mut first = L::load_relaxed(&self.first);
        loop {
            // SAFETY: `node` is on no list, so it belongs to this function until the exchange.
            unsafe { L::set(&node.as_ref().next, Self::node(first)) };
            // INVARIANT: If `first` was null, the caller is the tender; else there is one already.
            // Orders what the caller did before ahead of what the tender does to the node; pairs
            // with the exchange in `List::take_all`.
            match L::compare_exchange(&self.first, first, node.as_ptr()) {
                Ok(()) => return first.is_null(),
                Err(now) => first = now,
            }
        }
    }

    /// Takes all nodes off, the oldest first. For the tender; any context.
    pub fn take_all(&self) -> Taken<L> {
        // INVARIANT: The caller is the tender, and stays so.
        // Pairs with the exchange in `List::push`.
        let last = Self::node(L::exchange(&self.first, Self::TENDED));
        let mut first = None;
        let mut next = last;
        while let Some(node) = next {
            // SAFETY: By the type invariant the node is valid; it was just taken off, so only this
            // function accesses it.
            unsafe {
                next = L::get(&node.as_ref().next);
                L::set(&node.as_ref().next, first);
            }
            first = Some(node);
        }
        // INVARIANT: The list was a chain from `last` to the oldest, and has been turned round.
        Taken { first, last }
    }

    /// Releases the list, unless there are nodes on it. For the tender; any context. Returns
    /// whether it did; then the caller is no longer the tender, and the list may already be freed.
    #[must_use = "there are nodes to be taken off if it fails"]
    pub fn release(&self) -> bool {
        // INVARIANT: Empty, and without a tender.
        // Orders what the tender did ahead of what the next one does; pairs with the exchange in
        // `List::push`.
        L::compare_exchange(&self.first, Self::TENDED, ptr::null_mut()).is_ok()
    }

    /// Returns whether the list has no nodes: a snapshot. Any context.
    pub fn is_empty(&self) -> bool {
        Self::node(L::load_relaxed(&self.first)).is_none()
    }

    /// Returns whether the list has neither nodes nor a tender: a snapshot. Any context.
    pub fn is_idle(&self) -> bool {
        L::load_relaxed(&self.first).is_null()
    }
}

impl<L: Links> Default for List<L> {
    fn default() -> Self {
        Self::new()
    }
}

/// Nodes that are on no list any more, in a chain of their own.
///
/// # Invariants
///
/// Either both are none; or, from `first` to `last`, the nodes form a chain of valid nodes that are
/// on no list and that nobody else touches.
pub struct Taken<L: Links> {
    first: Option<NonNull<Node<L>>>,
    last: Option<NonNull<Node<L>>>,
}

impl<L: Links> Default for Taken<L> {
    fn default() -> Self {
        // INVARIANT: Both are none.
        Self {
            first: None,
            last: None,
        }
    }
}

impl<L: Links> Taken<L> {
    /// Appends the nodes of `other`.
    pub fn append(&mut self, other: Taken<L>) {
        let Some(first) = other.first else {
            return;
        };
        // INVARIANT: The one chain now continues with the other.
        match self.last {
            // SAFETY: By the type invariant the node is valid and not touched by anyone else.
            Some(last) => unsafe { L::set(&last.as_ref().next, Some(first)) },
            None => self.first = Some(first),
        }
        self.last = other.last;
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone as long as it is in the chain.
    pub unsafe fn push_back(&mut self, node: NonNull<Node<L>>) {
        // INVARIANT: One node is a chain.
        self.append(Self {
            first: Some(node),
            last: Some(node),
        });
    }

    /// Returns whether the chain has no nodes.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<L: Links> Iterator for Taken<L> {
    type Item = NonNull<Node<L>>;

    fn next(&mut self) -> Option<NonNull<Node<L>>> {
        let node = self.first?;
        if Some(node) == self.last {
            // INVARIANT: `node` was the only one; now both are none.
            *self = Self::default();
        } else {
            // Before the node is handed out: the next owner may free it.
            // SAFETY: By the type invariant the node is valid and not touched by anyone else.
            self.first = unsafe { L::get(&node.as_ref().next) };
        }
        Some(node)
    }
}
