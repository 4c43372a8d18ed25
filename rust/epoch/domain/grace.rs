// SPDX-License-Identifier: GPL-2.0

//! Detection of the end of a grace period.
//!
//! Everything that is `pub(super)` here is for the *detector* of the domain: the task that holds
//! the token of its [`Engine`](super::Engine), so that there is one at a time, and the actions of
//! one happen before those of the next. A grace period may be resumed by another detector than
//! began it: its state is in [`Progress`].

use super::{
    Cookie,
    Counter,
    Domain,
    Pace,
    Platform,
    Slot,
    Word, //
};

/// The progress of a grace period. Written by the detector.
pub(super) struct Progress<W> {
    /// The slots that the grace period has found drained, one bit each, and [`ADVANCED`].
    found: W,
    /// The slots that are checked after the next heavy barrier, one bit each.
    checked: W,
    /// For each checked slot, the sum of its `exit` counters, read before that barrier.
    exits: [W; 2],
    /// Looks that have found sections open since the grace period last progressed.
    polls: W,
    /// The last grace period whose waiters have all been notified of its end.
    notified: W,
}

/// The grace period has made one of its two advances.
const ADVANCED: usize = 1 << 2;

/// Both slots.
const BOTH: usize = 0b11;

fn bit(slot: Slot) -> usize {
    1 << slot.index()
}

impl<W: Word> Progress<W> {
    /// Creates the progress of the first grace period.
    pub(super) fn new() -> Self {
        Self {
            found: W::new(0),
            checked: W::new(0),
            exits: [W::new(0), W::new(0)],
            polls: W::new(0),
            notified: W::new(0),
        }
    }

    /// Makes `origin` the last grace period so far.
    pub(super) fn start_at(&self, origin: Cookie) {
        self.notified.store_relaxed(origin.into_raw());
    }
}

/// The next step of a grace period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// A heavy barrier, and [`Domain::conclude`] after it.
    Check,
    /// Time: a section is open.
    Wait,
}

impl<P: Platform> Domain<P> {
    /// Names the first grace period that begins after now: once [`Domain::poll`] finds it passed,
    /// no section is left that was entered before the call. Any context.
    pub fn snapshot(&self) -> Cookie {
        // Orders the caller's update before the look at the sequence; pairs with the barrier in
        // `Domain::begin`. If the look misses the beginning of a grace period, that grace period
        // sees the update.
        self.platform.full_barrier();
        self.grace_periods.snapshot()
    }

    /// Returns whether the grace period that `cookie` names has ended. Any context.
    pub fn poll(&self, cookie: Cookie) -> bool {
        let passed = self.grace_periods.has_passed(cookie);
        // Orders what the caller does to the sections' data after their end; pairs with the barrier
        // in `Domain::end`.
        self.platform.full_barrier();
        passed
    }

    /// Returns whether all waiters have been notified of all grace periods that have ended, and
    /// marks them as notified: the caller has to do it if not.
    pub(super) fn is_notified(&self) -> bool {
        let last = self.grace_periods.last().into_raw();
        let before = self.progress.notified.load_relaxed();
        self.progress.notified.store_relaxed(last);
        before == last
    }

    /// Returns whether anyone wants a grace period that has not passed.
    pub(super) fn is_wanted(&self) -> bool {
        self.demand.is_unmet(&self.grace_periods)
    }

    /// Returns the most urgent pace among the waiters, or expedited if the platform wants that.
    pub fn pace(&self) -> Pace {
        match self.demand.is_expedited() || P::expedites(self) {
            true => Pace::Expedited,
            false => Pace::Normal,
        }
    }

    /// Returns the number of looks that have found sections open since the grace period last
    /// progressed.
    pub fn polls(&self) -> usize {
        self.progress.polls.load_relaxed()
    }

    /// Begins a grace period, or resumes the one that is in progress.
    pub(super) fn begin(&self, pace: Pace) {
        if !self.grace_periods.is_running() {
            P::begins(self, pace);
            self.grace_periods.begin();
            // Pairs with the barrier in `Domain::snapshot`.
            self.platform.full_barrier();
        }
    }

    /// Looks at the slots of a grace period in progress that it has not found drained. If a heavy
    /// barrier would let it progress, reads the sums of `exit` counters to check after that
    /// barrier.
    ///
    /// A look without the barrier proves nothing, but is cheap, and usually right about open
    /// sections.
    pub(super) fn look(&self) -> Step {
        // After `conclude`, the inactive slot is never one that was found drained.
        let [active, inactive] = [0, 1].map(|next| Slot::of(self.epoch().wrapping_add(next)));
        if !self.read_exits(inactive) {
            self.progress
                .polls
                .store_relaxed(self.polls().saturating_add(1));
            P::waits(self, inactive);
            return Step::Wait;
        }
        let mut checked = bit(inactive);
        // The active slot is checked too if possible: then one barrier serves both.
        if self.progress.found.load_relaxed() & bit(active) == 0 && self.read_exits(active) {
            checked |= bit(active);
        }
        self.progress.checked.store_relaxed(checked);
        Step::Check
    }

    /// Reads the sum of the `exit` counters of `slot`, and that of the `enter` counters. Returns
    /// whether they are equal.
    fn read_exits(&self, slot: Slot) -> bool {
        let exits = self.platform.sum(Counter::Exit(slot));
        self.progress.exits[slot.index()].store_relaxed(exits);
        exits == self.platform.sum(Counter::Enter(slot))
    }

    /// Continues a grace period, after the heavy barrier that followed [`Domain::look`]. Returns
    /// whether it has ended.
    ///
    /// The argument at the top of [`super`] rests on the order: read the `exit` counters, barrier,
    /// read the `enter` counters.
    pub(super) fn conclude(&self, pace: Pace) -> bool {
        let checked = self.progress.checked.load_relaxed();
        self.progress.checked.store_relaxed(0);
        let drained = Slot::BOTH
            .into_iter()
            .filter(|slot| checked & bit(*slot) != 0)
            .filter(|slot| {
                let exits = self.progress.exits[slot.index()].load_relaxed();
                exits == self.platform.sum(Counter::Enter(*slot))
            })
            .fold(0, |drained, slot| drained | bit(slot));
        // The result of one barrier is kept, even if the other slot needs another barrier.
        let found = self.progress.found.load_relaxed() | drained;
        self.progress.found.store_relaxed(found);

        let next = self.epoch().wrapping_add(1);
        if found & BOTH == BOTH {
            if found & ADVANCED != 0 {
                self.advance(next);
            } else {
                // Two advances at once.
                self.epoch.store_relaxed(next.wrapping_add(1));
            }
            self.end(pace);
            return true;
        }
        if found & bit(Slot::of(next)) != 0 {
            // The slot that is inactive from now on has not been found drained.
            self.advance(next);
            self.progress.found.store_relaxed(found | ADVANCED);
            self.progress.polls.store_relaxed(0);
        }
        false
    }

    /// Makes the slot of epoch `next` the active one. It was found drained in this grace period.
    fn advance(&self, next: usize) {
        // INVARIANT: `active` is the pair of a slot.
        self.active
            .0
            .store_relaxed(self.platform.pair(Slot::of(next)));
        self.epoch.store_relaxed(next);
    }

    fn end(&self, pace: Pace) {
        self.progress.found.store_relaxed(0);
        self.progress.polls.store_relaxed(0);
        self.demand.end_grace_period(&self.grace_periods);
        // Pairs with the barrier in `Domain::poll`.
        self.platform.full_barrier();
        self.grace_periods.end();
        P::ends(self, pace);
    }
}
