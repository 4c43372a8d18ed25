// SPDX-License-Identifier: GPL-2.0

//! Demand for grace periods.
//!
//! There are two kinds of demand. Callbacks and pollers want a grace period unconditionally:
//! `wanted` is the latest one that any of them named. A task that waits may be killed, or run into
//! its timeout: `awaited` counts only while a task waits. Either may be later than what is still
//! needed, which costs an unneeded grace period; neither is ever too early.

use super::sequence::Sequence;

use super::{
    Cookie,
    Pace,
    Word, //
};

/// Demand for grace periods of a domain.
pub(super) struct Demand<W> {
    /// The latest grace period that callbacks and pollers want.
    wanted: W,
    /// The latest grace period that a task has waited for.
    awaited: W,
    /// The number of tasks that wait.
    waiting: W,
    /// The number of tasks that wait for an expedited grace period.
    expedited: W,
    /// The number of tasks that waited when the last grace period ended. Written by the detector.
    crowd: W,
}

impl<W: Word> Demand<W> {
    /// Creates a demand for nothing.
    pub(super) fn new() -> Self {
        Self {
            wanted: W::new(0),
            awaited: W::new(0),
            waiting: W::new(0),
            expedited: W::new(0),
            crowd: W::new(0),
        }
    }

    /// Makes `origin` the last grace period that anyone wanted.
    pub(super) fn start_at(&self, origin: Cookie) {
        self.wanted.store_relaxed(origin.into_raw());
        self.awaited.store_relaxed(origin.into_raw());
    }

    /// Raises `word` to `cookie`, unless it has reached that.
    fn raise(word: &W, cookie: Cookie) {
        let mut now = word.load_relaxed();
        while !cookie.is_at_most(Cookie::from_raw(now)) {
            match word.compare_exchange(now, cookie.into_raw()) {
                Ok(()) => return,
                Err(other) => now = other,
            }
        }
    }

    /// Adds the demand of a callback or a poller.
    pub(super) fn want(&self, cookie: Cookie) {
        Self::raise(&self.wanted, cookie);
    }

    /// Adds the demand of a task that begins to wait.
    pub(super) fn begin_wait(&self, cookie: Cookie, pace: Pace) {
        self.waiting.add(1);
        if pace == Pace::Expedited {
            self.expedited.add(1);
        }
        Self::raise(&self.awaited, cookie);
    }

    /// Removes the demand of a task that waited with `pace`.
    pub(super) fn end_wait(&self, pace: Pace) {
        if pace == Pace::Expedited {
            self.expedited.add(usize::MAX);
        }
        self.waiting.add(usize::MAX);
    }

    /// Returns whether anyone wants a grace period that has not passed.
    pub(super) fn is_unmet(&self, sequence: &Sequence<W>) -> bool {
        let ahead = |word: &W| !sequence.has_passed(Cookie::from_raw(word.load_relaxed()));
        ahead(&self.wanted) || (self.waiting.load_relaxed() != 0 && ahead(&self.awaited))
    }

    /// Returns the number of tasks that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load_relaxed()
    }

    /// Records the end of a grace period of `sequence`. For the detector.
    pub(super) fn end_grace_period(&self, sequence: &Sequence<W>) {
        self.crowd.store_relaxed(self.waiting());
        // Where the sequence can wrap around: an old cookie must not look like a future one.
        if cfg!(target_pointer_width = "32") {
            for word in [&self.wanted, &self.awaited] {
                let raw = word.load_relaxed();
                if sequence.has_passed(Cookie::from_raw(raw)) {
                    // On failure, the word has been raised.
                    let _ = word.compare_exchange(raw, sequence.last().into_raw());
                }
            }
        }
    }

    /// Returns whether several tasks waited when the last grace period ended: they may be back
    /// soon.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowd.load_relaxed() > 1
    }

    /// Returns whether a task waits for an expedited grace period.
    pub(super) fn is_expedited(&self) -> bool {
        self.expedited.load_relaxed() != 0
    }
}
