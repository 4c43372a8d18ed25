// SPDX-License-Identifier: GPL-2.0

//! The lock that makes the detector of grace periods one, and how long to wait for it.

use crate::{
    callback::Callbacks,
    domain::{
        self,
        Domain,
        Pace,
        Slot, //
    },
    platform::KernelPlatform,
    stall::Watch, //
};
use kernel::{
    prelude::*,
    sync::Mutex,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::sched;

/// How long a caller waits.
pub(crate) enum Patience {
    /// Until it is done.
    Endless,
    /// Until it is done, or the task is being killed.
    Killable,
    /// Until it is done, or the task has a signal.
    Interruptible,
    /// Until it is done, or so much time has passed.
    Until(Instant<Monotonic>, Delta),
}

/// The lock, and the patience of the one who wants it.
pub(crate) struct Detector<'a> {
    pub(crate) lock: &'a Mutex<()>,
    pub(crate) domain: &'a Domain<KernelPlatform>,
    pub(crate) callbacks: &'a Callbacks,
    pub(crate) watch: &'a Watch,
    pub(crate) patience: Patience,
}

impl domain::Detector for Detector<'_> {
    fn exclusively(&self, f: impl FnOnce()) {
        if let Patience::Endless = self.patience {
            let _guard = self.lock.lock();
            return f();
        }
        // Whoever has the lock is waiting for sections, and most likely for longer than this.
        const PAUSE: Delta = Delta::from_micros(200);
        loop {
            if let Some(_guard) = self.lock.try_lock() {
                return f();
            }
            if self.gives_up() {
                return;
            }
            fsleep(PAUSE);
        }
    }

    fn gives_up(&self) -> bool {
        match self.patience {
            Patience::Endless => false,
            Patience::Killable => sched::fatal_signal_pending(),
            Patience::Interruptible => current!().signal_pending(),
            Patience::Until(start, limit) => start.elapsed() >= limit,
        }
    }

    fn hurries(&self) -> bool {
        self.callbacks.are_many() && !cfg!(epoch_mutant = "calm_flood")
    }

    fn begins(&self, pace: Pace) {
        // The number of the one that begins.
        let number = self.domain.grace_periods().wrapping_add(1);
        self.watch.begins(number, pace);
    }

    fn ends(&self, pace: Pace) {
        self.watch.ends(self.domain, pace);
    }

    fn waits(&self, slot: Slot) {
        self.watch.check(self.domain, slot);
    }
}
