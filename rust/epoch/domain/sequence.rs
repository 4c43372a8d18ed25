// SPDX-License-Identifier: GPL-2.0

//! The sequence of grace periods, and cookies that name one of them.

use super::Word;

/// Names a grace period: [`Domain::snapshot`](super::Domain::snapshot) returns it and
/// [`Domain::poll`](super::Domain::poll) takes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookie(usize);

impl Cookie {
    /// Returns the cookie as a number. Of two cookies that are less than half of all numbers apart,
    /// the later one is higher, modulo wraparound.
    pub fn into_raw(self) -> usize {
        self.0
    }

    /// Converts back from [`Cookie::into_raw`].
    pub fn from_raw(raw: usize) -> Self {
        Self(raw)
    }

    /// Returns whether this cookie names the same grace period as `other` or an earlier one.
    pub fn is_at_most(self, other: Cookie) -> bool {
        other.0.wrapping_sub(self.0) as isize >= 0
    }
}

/// Counts grace periods.
///
/// # Invariants
///
/// The word is twice the number of completed grace periods, plus one while one is in progress or
/// was abandoned. Abandoning one does not decrement it: a cookie taken in between would name a
/// grace period that nobody runs. Only the detector writes it.
pub(super) struct Sequence<W>(W);

impl<W: Word> Sequence<W> {
    /// Creates a sequence.
    pub(super) fn new() -> Self {
        // INVARIANT: No grace period has been completed.
        Self(W::new(0))
    }

    /// Makes the sequence wrap around after `distance` grace periods. Returns the cookie of the
    /// last one so far.
    pub(super) fn start_before_wrap(&self, distance: usize) -> Cookie {
        let origin = Cookie(0usize.wrapping_sub(2 * distance));
        // INVARIANT: The number of grace periods counts from `origin`.
        self.0.store_relaxed(origin.0);
        origin
    }

    /// Names the first grace period that begins after now. The caller must execute a full barrier
    /// before it.
    pub(super) fn snapshot(&self) -> Cookie {
        // Odd: one is in progress, or was abandoned, and may have begun too early; take the next
        // one.
        Cookie(self.0.load_relaxed().wrapping_add(3) & !1)
    }

    /// Returns whether the grace period that `cookie` names has ended. The caller must execute a
    /// full barrier after it.
    pub(super) fn has_passed(&self, cookie: Cookie) -> bool {
        cookie.is_at_most(Cookie(self.0.load_relaxed()))
    }

    /// Names the last grace period that has ended.
    pub(super) fn last(&self) -> Cookie {
        Cookie(self.0.load_relaxed() & !1)
    }

    /// Returns the number of completed grace periods.
    pub(super) fn completed(&self) -> usize {
        self.0.load_relaxed() >> 1
    }

    /// Returns whether a grace period is in progress, or was abandoned and will be resumed.
    pub(super) fn is_running(&self) -> bool {
        self.0.load_relaxed() & 1 != 0
    }

    /// Records the beginning of a grace period. None is in progress.
    pub(super) fn begin(&self) {
        // INVARIANT: A grace period is in progress now.
        self.0.store_relaxed(self.0.load_relaxed() | 1);
    }

    /// Records the end of a grace period.
    pub(super) fn end(&self) {
        // INVARIANT: From odd to the next even number: one more grace period has completed.
        self.0.store_relaxed(self.0.load_relaxed().wrapping_add(1));
    }
}
