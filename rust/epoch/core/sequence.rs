// SPDX-License-Identifier: GPL-2.0

//! The sequence of grace periods, and cookies that name one of them.

use super::Word;

/// A point in the sequence of grace periods: what [`Domain::snapshot`](super::Domain::snapshot)
/// gives and [`Domain::poll`](super::Domain::poll) takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookie(usize);

/// Counts grace periods.
///
/// # Invariants
///
/// The word is twice the number of grace periods that have ended, plus one while one is running. It
/// is written with the detector's lock held.
pub(super) struct Sequence<W>(W);

impl<W: Word> Sequence<W> {
    /// A sequence that wraps around after so many grace periods; 0 is as many as there can be.
    pub(super) fn new(before_wrap: usize) -> Self {
        // INVARIANT: The number of grace periods counts from there.
        Self(W::new(0usize.wrapping_sub(2 * before_wrap)))
    }

    /// The first grace period that begins after now. The caller has to put a full barrier before
    /// it.
    pub(super) fn snapshot(&self) -> Cookie {
        // Odd: one is running, and may have begun too early, so it takes the one after it.
        Cookie(self.0.load_relaxed().wrapping_add(3) & !1)
    }

    /// The first grace period that ends after now: too early for anything.
    pub(super) fn early_snapshot(&self) -> Cookie {
        Cookie(self.0.load_relaxed().wrapping_add(2) & !1)
    }

    /// Whether the grace period that `cookie` names has ended. The caller has to put a full barrier
    /// after it.
    pub(super) fn has_passed(&self, cookie: Cookie) -> bool {
        self.0.load_relaxed().wrapping_sub(cookie.0) as isize >= 0
    }

    pub(super) fn completed(&self) -> usize {
        self.0.load_relaxed() >> 1
    }

    /// Notes the beginning or the end of a grace period.
    pub(super) fn step(&self) {
        // INVARIANT: From even to odd at the beginning, from odd to the next even at the end.
        self.0.store_relaxed(self.0.load_relaxed().wrapping_add(1));
    }

    /// Takes back the beginning of a grace period. A cookie that was taken meanwhile names a later one
    /// than it needs to.
    pub(super) fn step_back(&self) {
        // INVARIANT: From odd to the even before; as many have ended as before.
        self.0.store_relaxed(self.0.load_relaxed().wrapping_sub(1));
    }
}
