// SPDX-License-Identifier: GPL-2.0

//! The sequence of grace periods, and cookies that name one of them.

use super::Word;

/// A point in the sequence of grace periods: what [`Domain::snapshot`](super::Domain::snapshot)
/// gives and [`Domain::poll`](super::Domain::poll) takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookie(usize);

impl Cookie {
    /// The cookie as a number. Of two that are less than half of all numbers apart, the later one is the
    /// higher, but for wrapping around.
    pub fn into_raw(self) -> usize {
        self.0
    }

    /// What [`Cookie::into_raw`] was called on.
    pub fn from_raw(raw: usize) -> Self {
        Self(raw)
    }
}

/// Counts grace periods.
///
/// # Invariants
///
/// The word is twice the number of grace periods that have ended, plus one from the beginning of the next
/// one on; it stays so when that one is given up, since it must not go backwards: who has taken a cookie
/// meanwhile, and has asked for a grace period, would wait for one that nobody was asked for. It is
/// written with the detector's lock held.
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
        // Odd: one is running, or was given up, and may have begun too early, so it takes the one after
        // it.
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

    /// Notes the beginning of a grace period. One that was given up is begun anew, as far as cookies
    /// know.
    pub(super) fn begin(&self) {
        // INVARIANT: It is running now.
        self.0.store_relaxed(self.0.load_relaxed() | 1);
    }

    /// Notes the end of a grace period.
    pub(super) fn end(&self) {
        // INVARIANT: From odd to the next even: one more has ended.
        self.0.store_relaxed(self.0.load_relaxed().wrapping_add(1));
    }

    /// Takes back the beginning of a grace period: too late for those who have taken a cookie since.
    pub(super) fn step_back(&self) {
        self.0.store_relaxed(self.0.load_relaxed().wrapping_sub(1));
    }
}
