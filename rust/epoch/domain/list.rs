// SPDX-License-Identifier: GPL-2.0

//! An intrusive list that any context may push to without a lock, and that at most one *tender*
//! empties.
//!
//! It is [`include/linux/llist.h`](srctree/include/linux/llist.h) with one more state. A list that is
//! not tended is empty; the push that makes it non-empty makes its caller the tender. The tender takes
//! all nodes, as often as it likes, and gives the list up with one compare-and-exchange, which fails if
//! there are new nodes. After that it does not touch the list any more. So a list needs neither a
//! lock nor a flag of its own for the question who is responsible, and whoever finds it untended knows
//! that nobody will touch it but with a push.

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

    /// Creates a shared pointer that is null.
    fn null() -> Self::Shared;

    /// Creates an owned pointer to nothing.
    fn nothing() -> Self::Owned;

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

    /// A node that is on no list.
    pub fn unlinked() -> Self {
        Self::new(L::nothing())
    }
}

/// A list of [`Node`]s.
///
/// # Invariants
///
/// `first` is null if the list is empty and has no tender, `TENDED` if it is empty and has one,
/// and else points to a node; then it has a tender, too. That node, and each node's `next` unless it is
/// none, is on this list only and valid until it is taken off.
#[repr(transparent)]
pub struct List<L: Links> {
    first: L::Shared,
}

impl<L: Links> List<L> {
    /// Creates an empty list without a tender.
    pub fn new() -> Self {
        // INVARIANT: It is null.
        Self { first: L::null() }
    }

    /// As [`List::new`], where that cannot be called: for statics.
    ///
    /// # Safety
    ///
    /// `first` is null.
    pub const unsafe fn from_null(first: L::Shared) -> Self {
        // INVARIANT: It is null, as the caller has promised.
        Self { first }
    }

    /// What `first` is while the list is empty and has a tender: no node has that address.
    const TENDED: *mut Node<L> = ptr::without_provenance_mut(1);

    /// The node that `first` points to, if there is one.
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
            // SAFETY: `node` is on no list, so that it is this function's until the exchange.
            unsafe { L::set(&node.as_ref().next, Self::node(first)) };
            // INVARIANT: It was null: then the caller is the tender; else there is one already.
            // Orders what the caller did before ahead of what the tender does to the node; pairs with
            // the exchange in `List::take_all`.
            match L::compare_exchange(&self.first, first, node.as_ptr()) {
                Ok(()) => return first.is_null(),
                Err(now) => first = now,
            }
        }
    }

    /// Takes all nodes off, the oldest first. For the tender; any context.
    pub fn take_all(&self) -> Taken<L> {
        // INVARIANT: The caller is the tender, and stays it.
        // Pairs with the exchange in `List::push`.
        let last = Self::node(L::exchange(&self.first, Self::TENDED));
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
        Taken { first, last }
    }

    /// Gives the list up, unless there are nodes on it. For the tender; any context. Returns whether
    /// it did; then the caller is not the tender any more, and the list may be gone already.
    #[must_use = "there are nodes to be taken off if it fails"]
    pub fn release(&self) -> bool {
        // INVARIANT: Empty, and without a tender.
        // Orders what the tender did ahead of what the next one does; pairs with the exchange in
        // `List::push`.
        L::compare_exchange(&self.first, Self::TENDED, ptr::null_mut()).is_ok()
    }

    /// Whether there are no nodes: a snapshot. Any context.
    pub fn is_empty(&self) -> bool {
        Self::node(L::load_relaxed(&self.first)).is_none()
    }

    /// Whether there are no nodes and no tender: a snapshot. Any context.
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
/// Either both are none; or, from `first` to `last`, the nodes form a chain of valid nodes that are on
/// no list and that nobody else touches.
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

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<L: Links> Iterator for Taken<L> {
    type Item = NonNull<Node<L>>;

    fn next(&mut self) -> Option<NonNull<Node<L>>> {
        let node = self.first?;
        if Some(node) == self.last {
            // INVARIANT: It was the only one.
            *self = Self::default();
        } else {
            // Before the node is given away: the next owner may free it.
            // SAFETY: By the type invariant the node is valid and not touched by anyone else.
            self.first = unsafe { L::get(&node.as_ref().next) };
        }
        Some(node)
    }
}
