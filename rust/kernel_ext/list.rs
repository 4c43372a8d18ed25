// SPDX-License-Identifier: GPL-2.0

//! An intrusive list that any context may add to without a lock.
//!
//! The same as [`include/linux/llist.h`](srctree/include/linux/llist.h): many add, someone takes
//! all.

use core::{
    cell::UnsafeCell,
    mem,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::sync::atomic::{
    Atomic,
    Full,
    Relaxed, //
};
use pin_init::Zeroable;

/// What an object embeds to be on a [`List`].
#[derive(Default)]
#[repr(transparent)]
pub struct Node {
    // Written only by the list that the node is on.
    next: UnsafeCell<Option<NonNull<Node>>>,
}

impl Node {
    /// A node that is on no list.
    pub const fn new() -> Self {
        Self {
            next: UnsafeCell::new(None),
        }
    }
}

/// A list of [`Node`]s.
///
/// # Invariants
///
/// `first`, and each node's `next`, is null or points to a node that is on this list only and
/// valid until it is taken off.
#[repr(C, align(64))]
pub struct List {
    first: Atomic<*mut Node>,
}

// SAFETY: A zeroed list is an empty one.
unsafe impl Zeroable for List {}

impl List {
    /// Puts `node` on the list. Any context.
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone until it is taken off.
    pub unsafe fn push(&self, node: NonNull<Node>) {
        let mut first = self.first.load(Relaxed);
        loop {
            // SAFETY: By the caller's promise the node is this function's until it is on the list.
            unsafe { *node.as_ref().next.get() = NonNull::new(first) };
            // Full: what the caller did before comes before what is done to the node after it was
            // taken off.
            match self.first.cmpxchg(first, node.as_ptr(), Full) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes all nodes off, the oldest first. Any context.
    pub fn take_all(&self) -> Taken {
        let last = NonNull::new(self.first.xchg(ptr::null_mut(), Full));
        let mut first = None;
        let mut next = last;
        while let Some(node) = next {
            // SAFETY: By the type invariant the node is valid; it was just taken off, so that this
            // function has it for itself.
            next = unsafe { mem::replace(&mut *node.as_ref().next.get(), first) };
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
#[derive(Default)]
pub struct Taken(Option<(NonNull<Node>, NonNull<Node>)>);

impl Taken {
    /// Puts the nodes of `other` behind these.
    pub fn append(&mut self, other: Taken) {
        self.0 = match (self.0, other.0) {
            (Some((first, last)), Some((next, end))) => {
                // SAFETY: By the type invariant the node is valid and not touched by anyone else.
                unsafe { *last.as_ref().next.get() = Some(next) };
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

impl Iterator for Taken {
    type Item = NonNull<Node>;

    fn next(&mut self) -> Option<NonNull<Node>> {
        let (first, last) = self.0?;
        // Before the node is given away: the next owner may free it.
        // SAFETY: By the type invariant the node is valid and not touched by anyone else.
        let next = unsafe { *first.as_ref().next.get() };
        // INVARIANT: What is left of the chain.
        self.0 = next.filter(|_| first != last).map(|next| (next, last));
        Some(first)
    }
}
