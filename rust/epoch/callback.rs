// SPDX-License-Identifier: GPL-2.0

//! Callbacks that run after a grace period.

use crate::links::{
    List,
    Node,
    Taken, //
};
use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::{
    alloc::Flags,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    }, //
};
use kernel_ext::{
    percpu::{
        this_cpu_inc,
        Counters,
        PerCpu, //
    },
    sched, //
};

/// A callback: gets the [`Head`] that was given to [`Epoch::call`](crate::Epoch::call).
pub type Callback = unsafe extern "C" fn(NonNull<Head>);

/// What an object embeds to be given to [`Epoch::call`](crate::Epoch::call).
///
/// C: `struct epoch_context`.
#[repr(C)]
pub struct Head {
    // First, so that its address is that of the whole.
    node: Node,
    // Written before the node is put on a list, read when it was taken off.
    callback: UnsafeCell<Option<Callback>>,
}

impl Head {
    /// A head that is not queued.
    pub const fn new() -> Self {
        Self {
            node: Node::new(UnsafeCell::new(None)),
            callback: UnsafeCell::new(None),
        }
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: A head is only data until it is given to `Epoch::call`, which says what then holds.
unsafe impl Send for Head {}
// SAFETY: It has no methods that take a shared reference.
unsafe impl Sync for Head {}

/// The callbacks of an epoch that wait for a grace period, a list for each CPU.
pub(crate) struct Callbacks {
    lists: PerCpu<List>,
    given: PerCpu<Counters<1>>,
    /// Written by whoever invokes them, one at a time.
    invoked: Atomic<usize>,
    peak: Atomic<usize>,
    limit: Atomic<u32>,
}

impl Callbacks {
    /// Half of it is where `call_rcu()` begins to hurry.
    const DEFAULT_LIMIT: u32 = 20_000;

    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            lists: PerCpu::new()?,
            given: PerCpu::new()?,
            invoked: Atomic::new(0),
            peak: Atomic::new(0),
            limit: Atomic::new(Self::DEFAULT_LIMIT),
        })
    }

    /// Adds a callback. Any context but NMI.
    ///
    /// # Safety
    ///
    /// As for [`Epoch::call`](crate::Epoch::call).
    pub(crate) unsafe fn push(&self, head: NonNull<Head>, callback: Callback) {
        // SAFETY: By the caller's promise the head is valid and this function's.
        unsafe { *head.as_ref().callback.get() = Some(callback) };
        // Before the push, which orders it before the callback is counted as invoked.
        // SAFETY: There is one counter, and it lives as long as `self`.
        unsafe { this_cpu_inc::<0>(self.given.place(0)) };
        // Any list will do: that of this CPU only keeps others away from it.
        // SAFETY: By the caller's promise the node stays valid and untouched until the callback.
        unsafe { self.lists.this_cpu().push(head.cast()) };
    }

    /// Takes off what is there, in the order it came in on each CPU.
    pub(crate) fn take_all(&self) -> Batch {
        let mut batch = Taken::default();
        for list in self.lists.iter() {
            batch.append(list.take_all());
        }
        Batch(batch)
    }

    /// Calls those of a batch, and returns how many there were. May sleep. Not two at the same time.
    ///
    /// # Safety
    ///
    /// A grace period has begun and ended since they were taken.
    pub(crate) unsafe fn invoke(&self, batch: Batch) -> usize {
        let before = self.invoked();
        for (index, node) in batch.0.enumerate() {
            // The number that is pending only grows until the first is called, and is looked at often
            // enough from there on.
            if index % 64 == 0 {
                self.peak.store(self.peak().max(self.pending()), Relaxed);
            }
            let head: NonNull<Head> = node.cast();
            // SAFETY: By the type invariant it is a head that is still valid, and off its list.
            let callback = unsafe { *head.as_ref().callback.get() };
            if let Some(callback) = callback {
                // SAFETY: The grace period has passed, which is what the one who gave the callback
                // was promised.
                unsafe { callback(head) };
            }
            // Release: pairs with the acquire in `pending`.
            self.invoked.store(self.invoked().wrapping_add(1), Release);
            sched::cond_resched();
        }
        self.invoked().wrapping_sub(before)
    }

    /// The number of callbacks that were given and have not returned: exact when nothing moves, a
    /// snapshot otherwise. Any context.
    pub(crate) fn pending(&self) -> usize {
        // Acquire: whoever is counted here was counted as given before.
        let invoked = self.invoked.load(Acquire);
        self.given.sum(0).wrapping_sub(invoked)
    }

    /// How many may be pending before those who can wait do; 0 for any number.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.load(Relaxed)
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Relaxed);
    }

    /// Whether so many are pending that grace periods are to be expedited. Any context.
    pub(crate) fn are_many(&self) -> bool {
        match self.limit() as usize {
            0 => false,
            limit => self.pending() > limit / 2,
        }
    }

    /// Whether so many are pending that those who can wait do. Any context.
    pub(crate) fn are_too_many(&self) -> bool {
        match self.limit() as usize {
            0 => false,
            limit => self.pending() >= limit,
        }
    }

    /// The number of those that have returned. Any context.
    pub(crate) fn invoked(&self) -> usize {
        self.invoked.load(Relaxed)
    }

    /// The most that were pending so far, as seen before callbacks were called. Any context.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }
}

/// Callbacks that were taken off the lists, to be called once a grace period has passed.
///
/// # Invariants
///
/// Each node is that of a [`Head`] that [`Callbacks::push`] got.
pub(crate) struct Batch(Taken);

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A closure to be run after a grace period, with the [`Head`] that it takes: for
/// [`Epoch::defer`](crate::Epoch::defer).
#[repr(C)]
pub struct Deferred<F> {
    // First, so that its address is that of the whole.
    head: Head,
    run: F,
}

impl<F: FnOnce() + Send + 'static> Deferred<F> {
    /// Allocates room for `run` and its head. [`ENOMEM`] when there is none.
    pub fn new(run: F, flags: Flags) -> Result<KBox<Self>> {
        Ok(KBox::new(
            Self {
                head: Head::new(),
                run,
            },
            flags,
        )?)
    }

    /// The head of a boxed closure, which [`Deferred::callback`] takes back.
    pub(crate) fn into_head(this: KBox<Self>) -> NonNull<Head> {
        // SAFETY: A box's pointer is not null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(this).cast()) }
    }

    /// # Safety
    ///
    /// `head` was given by [`Deferred::into_head`] of this type, and is not used after this.
    pub(crate) unsafe extern "C" fn callback(head: NonNull<Head>) {
        // SAFETY: By the caller's promise it is the first field of such a box.
        let this = unsafe { KBox::from_raw(head.as_ptr().cast::<Self>()) };
        let Self { head: _, run } = KBox::into_inner(this);
        run();
    }
}
