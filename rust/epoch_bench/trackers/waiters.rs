// SPDX-License-Identifier: GPL-2.0

//! Those who wait for a generation to be done: what the trackers with generations share.

use kernel::{
    new_condvar,
    new_spinlock,
    prelude::*,
    sync::{
        CondVar,
        SpinLock, //
    }, //
};
use kernel_ext::{
    barrier::full_barrier,
    once::Once, //
};

/// Waiters, which cost those whom they wait for a look at their number.
#[pin_data]
pub(super) struct Waiters {
    count: Once,
    /// Held by a waiter from its look at what it waits for until it is queued to sleep, and to wake it.
    #[pin]
    passing: SpinLock<()>,
    #[pin]
    passed: CondVar,
}

impl Waiters {
    /// None.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            count: Once::new(0),
            passing <- new_spinlock!((), "epoch_bench_passing"),
            passed <- new_condvar!("epoch_bench_passed"),
        })
    }

    /// Sleeps until `is_done`. Whoever makes that come true calls [`Waiters::notify`] after it.
    pub(super) fn wait_until(&self, is_done: impl Fn() -> bool) {
        // Pairs with the barrier in `notify`.
        self.count.add(1);
        let mut guard = self.passing.lock();
        while !is_done() {
            self.passed.wait(&mut guard);
        }
        drop(guard);
        self.count.add(usize::MAX);
    }

    /// Has all waiters look again. Any context in which a spinlock may be taken.
    #[inline(always)]
    pub(super) fn notify(&self) {
        // Pairs with the full ordering of the addition in `wait_until`: either the waiter is seen
        // here, or it sees what was done before.
        full_barrier();
        self.notify_ordered();
    }

    /// The same for a caller who has had a full barrier since what makes `is_done` true.
    #[inline(always)]
    pub(super) fn notify_ordered(&self) {
        if self.count.read() > 0 {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        let _guard = self.passing.lock();
        self.passed.notify_all();
    }
}
