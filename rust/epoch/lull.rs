// SPDX-License-Identifier: GPL-2.0

//! The time that the worker leaves for more callbacks before it begins a grace period for all of them.
//!
//! Without it, each handful of callbacks that comes while the last one is worked on takes a grace period
//! of its own, and those interrupt the CPUs that the callbacks come from. RCU and SRCU wait about as
//! long.

use kernel::{
    prelude::*,
    str::CStr,
    sync::{
        static_lock_class,
        CondVar,
        Mutex, //
    },
    time::Jiffies, //
};

/// The least that a timer can wait for.
const LENGTH: Jiffies = 1;

/// What lockdep calls the two; see `DETECTOR` in `api.rs`.
static HURRIED: &CStr = c"epoch_lull_hurried";
static CHANGED: &CStr = c"epoch_lull_changed";

/// Lets the worker wait, unless somebody waits for the worker.
#[pin_data]
pub(crate) struct Lull {
    /// The number of those who do.
    #[pin]
    hurried: Mutex<usize>,
    #[pin]
    changed: CondVar,
}

impl Lull {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            hurried <- Mutex::new(0, HURRIED, static_lock_class!()),
            changed <- CondVar::new(CHANGED, static_lock_class!()),
        })
    }

    /// Waits for a jiffy, or until somebody is in a hurry. For the worker.
    pub(crate) fn wait(&self) {
        let mut hurried = self.hurried.lock();
        if *hurried == 0 {
            // Woken too early, it is a shorter one.
            let _ = self
                .changed
                .wait_interruptible_timeout(&mut hurried, LENGTH);
        }
    }

    /// Calls `f`, which waits for the worker. May sleep.
    pub(crate) fn hurry<R>(&self, f: impl FnOnce() -> R) -> R {
        *self.hurried.lock() += 1;
        self.changed.notify_all();
        let result = f();
        *self.hurried.lock() -= 1;
        result
    }
}
