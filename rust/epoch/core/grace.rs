// SPDX-License-Identifier: GPL-2.0

//! The updater's side: detecting that a grace period has passed.

use super::{
    Bug,
    Cookie,
    Counter,
    Detector,
    Domain,
    Platform,
    Slot,
    Word, //
};

impl<P: Platform> Domain<P> {
    /// Names the first grace period that begins after now: once [`Domain::poll`] finds it passed,
    /// no section is left that was entered before the call. Any context.
    pub fn snapshot(&self) -> Cookie {
        // Orders the caller's update before the look at the sequence; pairs with the barrier at the
        // beginning of `Domain::grace_period`. If the look misses the beginning of a grace period,
        // that grace period sees the update.
        self.platform.full_barrier();
        if matches!(P::BUG, Some(Bug::EarlyCookie)) {
            return self.grace_periods.early_snapshot();
        }
        self.grace_periods.snapshot()
    }

    /// Whether the grace period that `cookie` names has ended. Any context.
    pub fn poll(&self, cookie: Cookie) -> bool {
        let passed = self.grace_periods.has_passed(cookie);
        // Orders what the caller does to the sections' data after their end; pairs with the barrier
        // at the end of `Domain::grace_period`.
        self.platform.full_barrier();
        passed
    }

    /// Waits until every section that was entered before the call has been left. May sleep.
    ///
    /// Whoever waits at the same time shares grace periods: the one that gets the detector's lock
    /// runs one for all that came before it began.
    pub fn synchronize(&self, detector: &impl Detector) {
        let cookie = self.snapshot();
        detector.exclusively(|| {
            if !self.poll(cookie) {
                // None is running, so that the next one is the one that the cookie names.
                self.grace_period();
            }
        });
    }

    /// Runs a grace period. The detector's lock is held.
    fn grace_period(&self) {
        self.grace_periods.step();
        // Pairs with the barrier in `Domain::snapshot`.
        self.platform.full_barrier();

        self.advance();
        if !matches!(P::BUG, Some(Bug::OneAdvance)) {
            self.advance();
        }

        // Pairs with the barrier in `Domain::poll`.
        self.platform.full_barrier();
        self.grace_periods.step();
    }

    /// Makes the inactive slot the active one, as soon as it is drained.
    fn advance(&self) {
        let next = self.epoch.load_relaxed().wrapping_add(1);
        self.drain(Slot::of(next));
        self.epoch.store_relaxed(next);
    }

    fn drain(&self, slot: Slot) {
        let mut polls = 0;
        // A look without the heavy barrier proves nothing, but it is cheap, and most of the time
        // right about there being readers.
        while !self.looks_drained(slot) || !self.is_drained(slot) {
            self.platform.wait(polls);
            polls = polls.saturating_add(1);
        }
    }

    fn looks_drained(&self, slot: Slot) -> bool {
        let exits = self.platform.sum(Counter::Exit(slot));
        exits == self.platform.sum(Counter::Enter(slot))
    }

    /// Whether no section in `slot` is left that was entered before the call. The order of the
    /// three steps is what the argument at the top of [`super`] rests on.
    fn is_drained(&self, slot: Slot) -> bool {
        if matches!(P::BUG, Some(Bug::EntersFirst)) {
            let enters = self.platform.sum(Counter::Enter(slot));
            self.platform.heavy_barrier();
            return enters == self.platform.sum(Counter::Exit(slot));
        }
        let exits = self.platform.sum(Counter::Exit(slot));
        // Pairs with the light barriers in `Domain::enter` and `Domain::exit`.
        if !matches!(P::BUG, Some(Bug::NoHeavyBarrier)) {
            self.platform.heavy_barrier();
        }
        exits == self.platform.sum(Counter::Enter(slot))
    }
}
