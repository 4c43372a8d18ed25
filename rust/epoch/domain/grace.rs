// SPDX-License-Identifier: GPL-2.0

//! Detecting that a grace period has passed.
//!
//! All that is `pub(super)` here is for the *detector* of the domain: the task that holds the token of
//! its [`Engine`](super::Engine), so that there is one at a time, and what one did happens before what
//! the next one does. A grace period may be resumed by another detector than began it: how far it has
//! come is in [`Progress`].

use super::{
    Cookie,
    Counter,
    Domain,
    Pace,
    Platform,
    Slot,
    Word, //
};

/// How far a grace period has come. Written by the detector.
pub(super) struct Progress<W> {
    /// The slots that it has found drained, one bit each, and [`ADVANCED`].
    found: W,
    /// The slots that the next heavy barrier will tell about, one bit each.
    checked: W,
    /// For each of those, the sum of its `exit` counters, read before that barrier.
    exits: [W; 2],
    /// How often it has found sections open since it last got on.
    polls: W,
    /// The last grace period whose end everybody who waited for it has been notified of.
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
    /// That of a grace period that has just begun, after `origin`.
    pub(super) fn new(origin: Cookie) -> Self {
        Self {
            found: W::new(0),
            checked: W::new(0),
            exits: [W::new(0), W::new(0)],
            polls: W::new(0),
            notified: W::new(origin.into_raw()),
        }
    }
}

/// What a grace period needs next.
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
        // `Domain::begin`. If the look misses the beginning of a grace period, that grace period sees
        // the update.
        self.platform.full_barrier();
        self.grace_periods.snapshot()
    }

    /// Whether the grace period that `cookie` names has ended. Any context.
    pub fn poll(&self, cookie: Cookie) -> bool {
        let passed = self.grace_periods.has_passed(cookie);
        // Orders what the caller does to the sections' data after their end; pairs with the barrier
        // in `Domain::end`.
        self.platform.full_barrier();
        passed
    }

    /// Whether everybody has been notified of all grace periods that have ended; takes it that they
    /// will be from here on.
    pub(super) fn is_notified(&self) -> bool {
        let last = self.grace_periods.last().into_raw();
        let before = self.progress.notified.load_relaxed();
        self.progress.notified.store_relaxed(last);
        before == last
    }

    /// Whether anyone wants a grace period that has not passed.
    pub(super) fn is_wanted(&self) -> bool {
        self.demand.is_unmet(&self.grace_periods)
    }

    /// The pace that the most urgent of those who want one has asked for.
    pub fn pace(&self) -> Pace {
        match self.demand.is_expedited() || P::expedites(self) {
            true => Pace::Expedited,
            false => Pace::Normal,
        }
    }

    /// How often the grace period in progress has found sections open since it last got on.
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
    /// barrier would get it on, reads the sums of `exit` counters that it is to be checked by.
    ///
    /// A look without the barrier proves nothing, but it is cheap, and usually right about sections
    /// being open.
    pub(super) fn look(&self) -> Step {
        // By the invariant of `conclude`, it has not found the inactive slot drained.
        let [active, inactive] = [0, 1].map(|next| Slot::of(self.epoch().wrapping_add(next)));
        if !self.read_exits(inactive) {
            self.progress
                .polls
                .store_relaxed(self.polls().saturating_add(1));
            P::waits(self, inactive);
            return Step::Wait;
        }
        let mut checked = bit(inactive);
        // The active one comes along if it can: then one barrier tells about both.
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

    /// Gets a grace period on, after the heavy barrier that followed [`Domain::look`]. Returns whether
    /// it has ended.
    ///
    /// The order of reading the `exit` counters, the barrier, and reading the `enter` counters is what
    /// the argument at the top of [`super`] rests on.
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
        // What one barrier has shown is kept, also if the other slot needs another one.
        let found = self.progress.found.load_relaxed() | drained;
        self.progress.found.store_relaxed(found);

        let next = self.epoch().wrapping_add(1);
        if found & BOTH == BOTH {
            if found & ADVANCED != 0 {
                self.advance(next);
            } else {
                // Two at once.
                self.epoch.store_relaxed(next.wrapping_add(1));
            }
            self.end(pace);
            return true;
        }
        if found & bit(Slot::of(next)) != 0 {
            // The one that is inactive from now on has not been found drained.
            self.advance(next);
            self.progress.found.store_relaxed(found | ADVANCED);
            self.progress.polls.store_relaxed(0);
        }
        false
    }

    /// Makes the slot of epoch `next` the active one. It was found drained in this grace period.
    fn advance(&self, next: usize) {
        // INVARIANT: It is a slot's.
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
