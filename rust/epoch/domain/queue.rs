// SPDX-License-Identifier: GPL-2.0

//! Callbacks that wait for a grace period, one queue for each CPU and domain.
//!
//! A callback goes through three stages: *fresh*, from when it was queued until somebody names the
//! grace period that it has to wait for; *waiting*, until that has passed; and *ready*, to be invoked.
//! A queue without callbacks belongs to nobody. The push that makes it non-empty makes its caller the
//! *tender* of the queue, who hands it on: to whoever calls [`CpuQueue::collect`] a little later, so that
//! many callbacks share a grace period; to the engine; to the worker that invokes callbacks; and so
//! on until it is empty.

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

/// Callbacks that are to be invoked now, the oldest first.
pub type Batch<P> = Taken<<P as Platform>::Links>;

/// The callbacks of one CPU for one domain.
///
/// # Invariants
///
/// Its tender, and nobody else, accesses what is in an `UnsafeCell`, and `node`.
#[repr(C)]
pub struct CpuQueue<P: Platform> {
    /// Callbacks that nobody has looked at yet.
    fresh: List<P::Links>,
    /// While the tender is the engine: on [`Domain::queues`].
    node: Node<P::Links>,
    /// Callbacks that wait for the grace period that `cookie` names.
    waiting: UnsafeCell<Taken<P::Links>>,
    cookie: P::Word,
    /// How many of the two that have to be done with `waiting` before it can be taken are.
    ready: P::Word,
}

impl<P: Platform> CpuQueue<P> {
    /// One of the two is: either who collected the callbacks has kicked the engine, or the grace period
    /// has passed.
    const HALF_READY: usize = 1;
    /// Both are.
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

    /// Queues a callback. Any context. Returns whether that made the caller the queue's tender, who
    /// has to see to it that somebody calls [`CpuQueue::collect`].
    ///
    /// # Safety
    ///
    /// `node` is valid, on no list, and not touched by anyone until it is in a batch.
    #[must_use = "somebody has to collect the callbacks"]
    pub unsafe fn push(&self, node: NonNull<Node<P::Links>>) -> bool {
        // SAFETY: The node is as `List::push` wants it.
        unsafe { self.fresh.push(node) }
    }

    /// Has all fresh callbacks wait for a grace period that begins after now, and hands the queue to
    /// the engine. Returns whether the engine's task has to be woken. Any context.
    ///
    /// # Safety
    ///
    /// The caller is the tender, no callbacks wait, and the queue is one of `domain`, which belongs to
    /// `engine` and stays valid until the queue [is idle](CpuQueue::is_idle) and the domain
    /// [has left](Domain::has_left).
    #[must_use = "the engine's task may be asleep"]
    pub unsafe fn collect(&self, engine: &Engine<P>, domain: &Domain<P>) -> bool {
        // SAFETY: The caller is the tender.
        unsafe { *self.waiting.get() = self.fresh.take_all() };
        // After the callbacks were taken: the grace period begins after each of them was queued.
        let cookie = domain.snapshot();
        self.cookie.store_relaxed(cookie.into_raw());
        // Before the engine finds the queue: it would have to look again and again.
        domain.want(cookie);
        // SAFETY: The node is on no list, since the queue was the caller's; the push hands it over,
        // and the domain's engine takes it off before it hands the queue on.
        // Nobody tends that list: the engine looks there when it is kicked, and when a grace period
        // has ended.
        let _ = unsafe { domain.queues.push(self.queue_node()) };
        // SAFETY: The domain is as `kick` wants it: the queue is not idle before `half_ready`.
        let wake = unsafe { engine.kick(domain) };
        self.half_ready();
        wake
    }

    /// Hands the queue to a worker when it is called for the second time.
    ///
    /// Who collects the callbacks kicks the engine after it has handed the queue over. If the engine
    /// handed it on at once, the worker could be done with it, and the domain be gone, before that.
    fn half_ready(&self) {
        // Pairs with the exchange of the other one, and with that in `take_ready`.
        if self.ready.exchange(Self::HALF_READY) == Self::HALF_READY {
            self.ready.exchange(Self::READY);
            P::dispatch(self);
        }
    }

    /// Hands the queue to a worker if the grace period that it waits for has passed, else puts it
    /// back. Returns whether that was too late: it has passed by now.
    ///
    /// # Safety
    ///
    /// `node` was taken off the list of `domain` where [`CpuQueue::collect`] puts queues.
    pub(super) unsafe fn grace_period_passed(
        domain: &Domain<P>,
        node: NonNull<Node<P::Links>>,
    ) -> bool {
        // SAFETY: It is the node of a queue whose tender is the engine.
        let queue = unsafe { Self::from_node(node) };
        let cookie = Cookie::from_raw(queue.cookie.load_relaxed());
        if domain.poll(cookie) {
            queue.half_ready();
            return false;
        }
        // SAFETY: It was just taken off, and stays valid.
        let _ = unsafe { domain.queues.push(node) };
        // Somebody else may have ended that grace period meanwhile, and not have found the queue. If
        // this does not see the end, then whoever ends it sees the queue: the push is a full barrier,
        // and so is the exchange in `List::take_all`.
        domain.poll(cookie)
    }

    /// Takes the callbacks whose grace period has passed, if there are any. For the worker that
    /// [`Platform::dispatch`] has invoke them, once for each time: if there are, it is the tender now.
    pub fn take_ready(&self) -> Option<Batch<P>> {
        if self.ready.load_relaxed() != Self::READY {
            return None;
        }
        // Orders the callbacks after what the engine did; pairs with the exchanges in `half_ready`.
        self.ready.exchange(0);
        // SAFETY: The engine has handed the queue to the caller.
        Some(unsafe { mem::take(&mut *self.waiting.get()) })
    }

    /// Whether there are fresh callbacks: a snapshot. Any context.
    pub fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Gives the queue up, unless there are fresh callbacks. For the tender. Returns whether it did;
    /// then the queue may be gone already.
    #[must_use = "there are callbacks to be collected if it fails"]
    pub fn release(&self) -> bool {
        self.fresh.release()
    }

    /// Whether the queue has no tender, and so no callbacks. Nobody touches it then but with
    /// [`CpuQueue::push`].
    pub fn is_idle(&self) -> bool {
        self.fresh.is_idle()
    }

    /// The node that is the tender's, for a list of its own until it calls [`CpuQueue::collect`].
    pub fn queue_node(&self) -> NonNull<Node<P::Links>> {
        let this = ptr::from_ref(self);
        // SAFETY: It points to a field of a live object.
        unsafe { NonNull::new_unchecked((&raw const (*this).node).cast_mut()) }
    }
}

impl<P: Platform> CpuQueue<P> {
    /// The queue whose [`CpuQueue::queue_node`] `node` is.
    ///
    /// # Safety
    ///
    /// It is that of a queue that is valid as long as the result is used.
    pub unsafe fn from_node<'a>(node: NonNull<Node<P::Links>>) -> &'a Self {
        // SAFETY: The node is that field of a valid queue, as the caller has promised.
        unsafe { node.byte_sub(offset_of!(Self, node)).cast().as_ref() }
    }
}

impl<P: Platform> Default for CpuQueue<P> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: What is not atomic is its tender's, and handed on with full barriers.
unsafe impl<P: Platform> Send for CpuQueue<P> {}
// SAFETY: As for `Send`: each access to an `UnsafeCell` is the tender's.
unsafe impl<P: Platform> Sync for CpuQueue<P> {}
