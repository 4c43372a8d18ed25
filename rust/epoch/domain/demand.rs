// SPDX-License-Identifier: GPL-2.0

//! Who wants a grace period.
//!
//! There are two kinds of demand. Callbacks and pollers want a grace period whatever happens:
//! `wanted` is the latest one that any of them named. A task that waits may be killed, or run into its
//! timeout: `awaited` counts only as long as somebody waits. Either may be later than what is still
//! needed, which costs a grace period that nobody needed; neither is ever too early.

use super::sequence::Sequence;

use super::{
    Cookie,
    Pace,
    Word, //
};

/// Who wants a grace period of a domain.
pub(super) struct Demand<W> {
    /// The latest grace period that callbacks and pollers want.
    wanted: W,
    /// The latest grace period that a task has waited for.
    awaited: W,
    /// The number of tasks that wait.
    waiting: W,
    /// The number of those that wait for an expedited one.
    expedited: W,
    /// The number of tasks that waited when the last grace period ended. Written by the detector.
    crowd: W,
}

impl<W: Word> Demand<W> {
    /// Demand for nothing that comes after `origin`.
    pub(super) fn new(origin: Cookie) -> Self {
        Self {
            wanted: W::new(origin.into_raw()),
            awaited: W::new(origin.into_raw()),
            waiting: W::new(0),
            expedited: W::new(0),
            crowd: W::new(0),
        }
    }

    /// Raises `word` to `cookie`, unless it is that far.
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

    /// Takes it back.
    pub(super) fn end_wait(&self, pace: Pace) {
        if pace == Pace::Expedited {
            self.expedited.add(usize::MAX);
        }
        self.waiting.add(usize::MAX);
    }

    /// Whether anyone wants a grace period that has not passed.
    pub(super) fn is_unmet(&self, sequence: &Sequence<W>) -> bool {
        let ahead = |word: &W| !sequence.has_passed(Cookie::from_raw(word.load_relaxed()));
        ahead(&self.wanted) || (self.waiting.load_relaxed() != 0 && ahead(&self.awaited))
    }

    /// The number of tasks that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load_relaxed()
    }

    /// Records the end of a grace period of `sequence`. For the detector.
    pub(super) fn end_grace_period(&self, sequence: &Sequence<W>) {
        self.crowd.store_relaxed(self.waiting());
        // Where the sequence can come round: what was wanted once is not to look like the future.
        if cfg!(target_pointer_width = "32") {
            for word in [&self.wanted, &self.awaited] {
                let raw = word.load_relaxed();
                if sequence.has_passed(Cookie::from_raw(raw)) {
                    // If it fails, it has been raised.
                    let _ = word.compare_exchange(raw, sequence.last().into_raw());
                }
            }
        }
    }

    /// Whether several tasks waited when the last grace period ended: they may be back soon.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowd.load_relaxed() > 1
    }

    /// Whether any of them waits for an expedited grace period.
    pub(super) fn is_expedited(&self) -> bool {
        self.expedited.load_relaxed() != 0
    }
}
