// SPDX-License-Identifier: GPL-2.0

//! Waiters for a generation to be done, which the trackers with generations share.

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
    once::OnceWord, //
};

/// Waiters. A block that finishes only looks at their number if there are none.
#[pin_data]
pub(super) struct Waiters {
    count: OnceWord,
    /// Held by a waiter from its check of the condition until it is queued to sleep, and while it
    /// is woken.
    #[pin]
    passing: SpinLock<()>,
    #[pin]
    passed: CondVar,
}

impl Waiters {
    /// Creates a set without waiters.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            count: OnceWord::new(0),
            passing <- new_spinlock!((), "epoch_bench_passing"),
            passed <- new_condvar!("epoch_bench_passed"),
        })
    }

    /// Sleeps until `is_done` returns `true`. Code that makes it do so calls [`Waiters::notify`]
    /// after that.
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

    /// Makes all waiters check again. Any context in which a spinlock may be taken.
    #[inline(always)]
    pub(super) fn notify(&self) {
        // Pairs with the full ordering of the addition in `wait_until`: either the waiter is seen
        // here, or it sees what was done before.
        full_barrier();
        self.notify_ordered();
    }

    /// Makes all waiters check again. The caller has executed a full barrier since it made
    /// `is_done` true. Any context in which a spinlock may be taken.
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
