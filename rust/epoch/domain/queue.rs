// SPDX-License-Identifier: GPL-2.0

//! Callbacks that wait for a grace period, one queue for each CPU and domain.
//!
//! A callback goes through three stages: *fresh*, from the queueing until its grace period is
//! named; *waiting*, until that has passed; and *ready*, to be invoked. A queue without callbacks
//! has no owner. The push that makes it non-empty makes its caller the *tender* of the queue, which
//! hands it on: to the caller of [`CpuQueue::collect`], after a batching delay, so that many
//! callbacks share a grace period; to the engine; to the worker that invokes callbacks; and so on
//! until it is empty.

use super::list::{
    List,
    Node,
    Taken, //
};

use super::{
    Cookie,
    Domain,
    Engine,
    Platform,
    Word, //
};
use core::{
    cell::UnsafeCell,
    mem::{
        self,
        offset_of, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};

/// Callbacks that are ready to be invoked, the oldest first.
pub type Batch<P> = Taken<<P as Platform>::Links>;

/// The callbacks of one CPU for one domain.
///
/// # Invariants
///
/// Only the tender accesses `waiting` and `node`.
#[repr(C)]
pub struct CpuQueue<P: Platform> {
    /// Callbacks that wait for no grace period yet.
    fresh: List<P::Links>,
    /// The queue's node on [`Domain::queues`] while the tender is the engine.
    node: Node<P::Links>,
    /// Callbacks that wait for the grace period that `cookie` names.
    waiting: UnsafeCell<Taken<P::Links>>,
    cookie: P::Word,
    /// The number of conditions, of two, that hold for taking `waiting`; see `half_ready`.
    ready: P::Word,
}

impl<P: Platform> CpuQueue<P> {
    /// One condition holds: either `collect` has kicked the engine, or the grace period has passed.
    const HALF_READY: usize = 1;
    /// Both conditions hold.
    const READY: usize = 2;

    /// Creates an empty queue.
    pub fn new() -> Self {
        Self {
            fresh: List::new(),
            node: Node::unlinked(),
            waiting: UnsafeCell::new(Taken::default()),
            cookie: P::Word::new(0),
            ready: P::Word::new(0),
        }
    }

    /// Queues a callback. Any context. Returns whether that made the caller the queue's tender,
    /// which must have [`CpuQueue::collect`] called.
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone until it is in a batch.
    #[must_use = "somebody has to collect the callbacks"]
    pub unsafe fn push(&self, node: NonNull<Node<P::Links>>) -> bool {
        // SAFETY: `node` is valid and on no list, as this function requires.
        unsafe { self.fresh.push(node) }
    }

    /// Makes all fresh callbacks wait for a grace period that begins after now, and hands the queue
    /// to the engine. Returns whether the engine's task must be woken. Any context.
    ///
    /// # Safety
    ///
    /// The caller is the tender, no callbacks wait, and the queue is one of `domain`, which belongs
    /// to `engine` and stays valid until the queue [is idle](CpuQueue::is_idle) and the domain [has
    /// left](Domain::has_left).
    #[must_use = "the engine's task may be asleep"]
    pub unsafe fn collect(&self, engine: &Engine<P>, domain: &Domain<P>) -> bool {
        // SAFETY: The caller is the tender, as this function requires.
        unsafe { *self.waiting.get() = self.fresh.take_all() };
        // After the callbacks were taken: the grace period begins after each of them was queued.
        let cookie = domain.snapshot();
        self.cookie.store_relaxed(cookie.into_raw());
        // Before the engine finds the queue: else it would look again and again.
        domain.want(cookie);
        // SAFETY: The node is on no list, since the queue was the caller's; the push hands it over,
        // and the domain's engine takes it off before it hands the queue on.
        // The list needs no tender: the engine looks there when it is kicked, and when a grace
        // period has ended.
        let _ = unsafe { domain.queues.push(self.queue_node()) };
        // SAFETY: `domain` belongs to `engine` and stays valid, as this function requires: the
        // queue is not idle before `half_ready`.
        let wake = unsafe { engine.kick(domain) };
        self.half_ready();
        wake
    }

    /// Hands the queue to a worker at the second call.
    ///
    /// `collect` kicks the engine after it has handed the queue over. If the engine handed it on at
    /// once, the worker could finish, and the domain be freed, before that kick.
    fn half_ready(&self) {
        // Pairs with the exchange of the other call, and with that in `take_ready`.
        if self.ready.exchange(Self::HALF_READY) == Self::HALF_READY {
            self.ready.exchange(Self::READY);
            P::dispatch(self);
        }
    }

    /// Hands the queue to a worker if the grace period that it waits for has passed, otherwise puts
    /// it back. Returns whether that was too late: the grace period has passed by now.
    ///
    /// # Safety
    ///
    /// `node` was taken off the list of `domain` where [`CpuQueue::collect`] puts queues.
    pub(super) unsafe fn grace_period_passed(
        domain: &Domain<P>,
        node: NonNull<Node<P::Links>>,
    ) -> bool {
        // SAFETY: `node` is that of a queue whose tender is the engine, so the queue is valid.
        let queue = unsafe { Self::from_node(node) };
        let cookie = Cookie::from_raw(queue.cookie.load_relaxed());
        if domain.poll(cookie) {
            queue.half_ready();
            return false;
        }
        // SAFETY: `node` was just taken off, and stays valid: the engine is still the tender.
        let _ = unsafe { domain.queues.push(node) };
        // Another detector may have ended that grace period concurrently, without finding the
        // queue. If this does not see the end, the other detector sees the queue: the push is a
        // full barrier, and so is the exchange in `List::take_all`.
        domain.poll(cookie)
    }

    /// Takes the callbacks whose grace period has passed, if there are any. For the worker that
    /// [`Platform::dispatch`] starts, once per start: if there are callbacks, the worker is now the
    /// tender.
    pub fn take_ready(&self) -> Option<Batch<P>> {
        if self.ready.load_relaxed() != Self::READY {
            return None;
        }
        // Orders the callbacks after the engine's accesses; pairs with the exchanges in
        // `half_ready`.
        self.ready.exchange(0);
        // SAFETY: The engine has handed the queue to the caller.
        Some(unsafe { mem::take(&mut *self.waiting.get()) })
    }

    /// Returns whether the queue has fresh callbacks: a snapshot. Any context.
    pub fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Releases the queue, unless there are fresh callbacks. For the tender. Returns whether it
    /// did; then the queue may already be freed.
    #[must_use = "there are callbacks to be collected if it fails"]
    pub fn release(&self) -> bool {
        self.fresh.release()
    }

    /// Returns whether the queue has no tender, and so no callbacks. Then only [`CpuQueue::push`]
    /// touches it.
    pub fn is_idle(&self) -> bool {
        self.fresh.is_idle()
    }

    /// Returns the tender's node, for a list of its own until it calls [`CpuQueue::collect`].
    pub fn queue_node(&self) -> NonNull<Node<P::Links>> {
        let this = ptr::from_ref(self);
        // SAFETY: The pointer is that of a field of `self`, so not null.
        unsafe { NonNull::new_unchecked((&raw const (*this).node).cast_mut()) }
    }
}

impl<P: Platform> CpuQueue<P> {
    /// Returns the queue whose [`CpuQueue::queue_node`] is `node`.
    ///
    /// # Safety
    ///
    /// `node` is that of a queue that is valid as long as the result is used.
    pub unsafe fn from_node<'a>(node: NonNull<Node<P::Links>>) -> &'a Self {
        // SAFETY: `node` is the `node` field of a valid queue, as this function requires.
        unsafe { node.byte_sub(offset_of!(Self, node)).cast().as_ref() }
    }
}

impl<P: Platform> Default for CpuQueue<P> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: Fields that are not atomic are the tender's, and handed on with full barriers.
unsafe impl<P: Platform> Send for CpuQueue<P> {}
// SAFETY: Only the tender accesses `waiting` and `node`; the rest is atomic.
unsafe impl<P: Platform> Sync for CpuQueue<P> {}
