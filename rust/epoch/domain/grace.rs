// SPDX-License-Identifier: GPL-2.0

//! The updater's side: detecting that a grace period has passed.

use super::{
    Bug,
    Cookie,
    Counter,
    Detector,
    Domain,
    Pace,
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

    /// Waits until every section that was entered before the call has been left. May sleep. Returns
    /// whether that is so; if not, the detector gave up.
    ///
    /// Whoever waits at the same time shares grace periods: the one that gets the detector's lock
    /// runs one for all that came before it began.
    pub fn synchronize(&self, detector: &impl Detector, pace: Pace) -> bool {
        let cookie = self.snapshot();
        if pace == Pace::Expedited {
            self.hurry.add(1);
        }
        detector.exclusively(|| {
            // None is running. As a rule, the next one is the one that the cookie names; after one
            // that was given up, the one after that.
            while !self.poll(cookie) && self.grace_period(detector) {}
        });
        if pace == Pace::Expedited {
            self.hurry.add(usize::MAX);
        }
        self.poll(cookie)
    }

    /// Runs a grace period, with the detector's lock held. Returns whether it ended; if not, the
    /// detector gave up, and the next call begins it anew.
    fn grace_period(&self, detector: &impl Detector) -> bool {
        detector.begins(self.pace(detector));
        self.grace_periods.begin();
        // Pairs with the barrier in `Domain::snapshot`.
        self.platform.full_barrier();

        if !self.advance_twice(detector) {
            match P::BUG {
                Some(Bug::GivenUpCounts) => self.grace_periods.end(),
                Some(Bug::GivenUpStepsBack) => self.grace_periods.step_back(),
                _ => (),
            }
            return false;
        }

        // Pairs with the barrier in `Domain::poll`.
        self.platform.full_barrier();
        self.grace_periods.end();
        detector.ends(self.pace(detector));
        true
    }

    /// Advances twice, so that each slot is found drained once. Returns whether it did.
    fn advance_twice(&self, detector: &impl Detector) -> bool {
        // Mostly there are no readers, and one heavy barrier will do.
        if self.look_drained(Slot::BOTH) && self.are_drained(Slot::BOTH, detector) {
            self.epoch.store_relaxed(self.epoch().wrapping_add(2));
            return true;
        }
        let advances = match P::BUG {
            Some(Bug::OneAdvance) => 1,
            _ => 2,
        };
        (0..advances).all(|_| self.advance(detector))
    }

    /// Makes the inactive slot the active one, as soon as it is drained. Returns whether it is.
    fn advance(&self, detector: &impl Detector) -> bool {
        let next = self.epoch().wrapping_add(1);
        let slot = Slot::of(next);
        let drained = self.drain(slot, detector);
        if drained {
            // INVARIANT: It is a slot's.
            self.active.store_relaxed(self.platform.pair(slot));
            self.epoch.store_relaxed(next);
        }
        drained
    }

    fn drain(&self, slot: Slot, detector: &impl Detector) -> bool {
        let mut polls = 0;
        // A look without the heavy barrier proves nothing, but it is cheap, and most of the time
        // right about there being readers.
        while !self.look_drained([slot]) || !self.are_drained([slot], detector) {
            if detector.gives_up() {
                return false;
            }
            detector.waits(slot);
            self.platform.wait(polls, self.pace(detector));
            polls = polls.saturating_add(1);
        }
        true
    }

    /// The pace that the most urgent of those who wait has asked for, or the detector.
    fn pace(&self, detector: &impl Detector) -> Pace {
        if self.hurry.load_relaxed() != 0 || detector.hurries() {
            Pace::Expedited
        } else {
            Pace::Normal
        }
    }

    fn look_drained<const N: usize>(&self, slots: [Slot; N]) -> bool {
        self.exits(slots) == self.enters(slots)
    }

    /// Whether no section in `slots` is left that was entered before the call. The order of the
    /// three steps is what the argument at the top of [`super`] rests on.
    fn are_drained<const N: usize>(&self, slots: [Slot; N], detector: &impl Detector) -> bool {
        if matches!(P::BUG, Some(Bug::EntersFirst)) {
            let enters = self.enters(slots);
            self.platform.heavy_barrier(self.pace(detector));
            return enters == self.exits(slots);
        }
        let exits = self.exits(slots);
        // Pairs with the light barriers in `Domain::enter_pair` and `Domain::exit`.
        if !matches!(P::BUG, Some(Bug::NoHeavyBarrier)) {
            self.platform.heavy_barrier(self.pace(detector));
        }
        exits == self.enters(slots)
    }

    fn exits<const N: usize>(&self, slots: [Slot; N]) -> [usize; N] {
        slots.map(|slot| self.platform.sum(Counter::Exit(slot)))
    }

    fn enters<const N: usize>(&self, slots: [Slot; N]) -> [usize; N] {
        slots.map(|slot| self.platform.sum(Counter::Enter(slot)))
    }
}
