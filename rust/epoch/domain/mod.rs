// SPDX-License-Identifier: GPL-2.0

//! The epoch algorithm, free of the kernel.
//!
//! The kernel module, the model checker and the benchmarks compile these same files; the
//! differences are behind the [`Platform`] trait.
//!
//! # The algorithm
//!
//! There are two slots, one of which is *active*. Each CPU has, for each slot, a pair of counters:
//! of the sections that were entered on it, and of those that were left on it. A global `epoch`
//! counts *advances*; its lowest bit is the active slot.
//!
//! - A reader enters with one increment of its CPU's `enter[slot]`, where `slot` is the active slot
//!   as it sees it, and leaves with one increment of `exit[slot]` on whichever CPU it then is.
//! - An updater finds a slot *drained* when the sum of its `exit` counters over all CPUs, read
//!   first, equals the sum of its `enter` counters, read after a heavy barrier.
//! - To *advance*, the updater waits until the inactive slot is drained, and then makes it the
//!   active one.
//! - A *grace period* is two advances: it has found each slot drained once. If it has found both
//!   before it made the first, it makes the two at once, which leaves the active slot as it was.
//!
//! Readers do not load the epoch, but a word that locates the active slot's counters: they compute
//! nothing. The section carries it, so that leaving takes one increment and nothing else.
//!
//! This is epoch-based reclamation with the two summed counters of Linux' SRCU instead of a record
//! per thread, so that a section may be preempted, may sleep, may migrate, and may end on another
//! CPU or in another context than it began.
//!
//! # Why it is right
//!
//! A section that may still use what an updater has unlinked is *old*: one of its accesses is not
//! ordered after the update, which precedes the grace period. We show that every old section has
//! ended when the grace period ends.
//!
//! Let `H` be the heavy barrier of the check that found the slot of a section drained. `H` follows
//! the update, and has each CPU execute a full barrier between its beginning and its end. Seen from
//! any one section, the barrier of the CPU it runs on splits its accesses into those before and
//! those after `H`; where it migrates, the full barriers of the context switch do the same, and
//! where it is handed over, the ordering of the handover (see [`Section`]).
//!
//! 1. *A section whose `enter` increment is after `H` is not old.* The accesses inside the section
//!    follow the increment in program order, which the light barrier in [`Domain::enter`] makes the
//!    compiler preserve; so they, too, are after `H`, and see the update. `H` pairs with that light
//!    barrier.
//! 2. *A section whose `enter` increment is before `H` is in the sum of the `enter` counters*,
//!    since they are read after `H`.
//! 3. *A section in the sum of the `exit` counters is also in that of the `enter` counters.* Its
//!    `exit` increment was visible before `H`, and its `enter` increment precedes that in program
//!    order, so that it is before `H` as well.
//! 4. From 3 the sums can be equal only if every section that is counted as entered is counted as
//!    left. With 2, every section that entered before `H` has left; with 1, none of the others is
//!    old. The accesses inside a section precede its `exit` increment (the light barrier in
//!    [`Domain::exit`], which pairs with `H` likewise), so they are over before the check is.
//!
//! This does not depend on which slot is active. So a *late increment* does no harm: a reader that
//! is delayed between its look at the active slot and its increment may enter a slot that has
//! become inactive, or was found drained a moment ago. If its increment is before `H`, the grace
//! period waits for it; otherwise it is not old. That is also why two advances are needed and one
//! is not enough: an old section may be in either slot, and one advance looks at one of them.
//!
//! Advancing, and not merely checking both slots, is what makes the grace period end: only late
//! increments go to the inactive slot, at most one for each task that was interrupted there, so it
//! drains however many readers keep coming.
//!
//! The counters wrap around, and the sums with them. A wrong equality would take 2^64 (on 32 bits,
//! 2^32) sections that are open at once or entered between the reading of the two sums.

use core::mem::MaybeUninit;

mod demand;
mod engine;
mod grace;
pub mod list;
mod platform;
mod queue;
mod sequence;

pub use self::{
    engine::{
        Engine,
        Members,
        Round, //
    },
    platform::{
        Counter,
        Pace,
        Platform,
        Word, //
    },
    queue::{
        Batch,
        CpuQueue, //
    },
    sequence::Cookie, //
};

use self::{
    demand::Demand,
    engine::Membership,
    grace::Progress,
    list::List,
    sequence::Sequence, //
};

/// One of the two sets of counters; the parity of an epoch in which it is active.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(transparent)]
pub struct Slot(
    // INVARIANT: 0 or 1.
    usize,
);

impl Slot {
    /// Both slots.
    pub const BOTH: [Slot; 2] = [Slot(0), Slot(1)];

    /// Returns the slot that is active in `epoch`.
    #[inline(always)]
    pub const fn of(epoch: usize) -> Self {
        Self(epoch & 1)
    }

    /// Returns the slot's index: 0 or 1.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A read-side section that has been entered and not left: returned by [`Domain::enter`] and
/// consumed by [`Domain::exit`].
///
/// It is not tied to a task, a CPU or a context. A task that hands it to another must order its
/// accesses inside the section before the other task's, as with a release and an acquire.
#[derive(Debug)]
#[must_use = "a section that is never left blocks every grace period"]
pub struct Section {
    /// [`Platform::pair`] of the slot that the section is counted in.
    pair: usize,
}

impl Section {
    /// Returns [`Platform::pair`] of the slot that the section is counted in.
    #[inline(always)]
    pub fn pair(&self) -> usize {
        self.pair
    }
}

/// Half a cache line, and on its second half if it comes after something that is no larger.
#[repr(C, align(32))]
struct Half<T>(T);

/// Readers and grace periods of one epoch.
///
/// A domain has cache lines of its own: readers load from it all the time, and it changes only with
/// a grace period.
///
/// Counters are on the first half of a line, and `active` on the second one. A section begins with
/// a load of `active` after the last one's increment, and CPUs first compare a load with earlier
/// stores by the low 12 bits of the addresses: if they were the same, by chance, the load would
/// wait for the increment. See `Documentation/speed.rst` for the cost.
///
/// # Invariants
///
/// `active` is [`Platform::pair`] of one of the slots.
#[repr(C, align(64))]
pub struct Domain<P: Platform> {
    // `include/epoch.h` relies on the offsets of these.
    platform: P,
    /// Number of advances. Written by the detector.
    epoch: P::Word,
    /// The pair of the active slot: all that the fast path reads.
    active: Half<P::Word>,
    grace_periods: Sequence<P::Word>,
    progress: Progress<P::Word>,
    demand: Demand<P::Word>,
    membership: Membership<P>,
    /// Queues whose callbacks wait for a grace period; see [`CpuQueue`].
    queues: List<P::Links>,
}

impl<P: Platform> Domain<P> {
    /// The offset of the word that locates the active slot's counters, for checks against C.
    #[doc(hidden)]
    pub const OFFSET_OF_ACTIVE: usize = ::core::mem::offset_of!(Self, active);

    /// The offset of the platform, for checks against C.
    #[doc(hidden)]
    pub const OFFSET_OF_PLATFORM: usize = ::core::mem::offset_of!(Self, platform);

    /// Creates a domain without readers, in epoch 0.
    pub fn new(platform: P) -> Self {
        Self {
            // INVARIANT: `active` is the pair of the active slot.
            active: Half(P::Word::new(platform.pair(Slot::of(0)))),
            epoch: P::Word::new(0),
            platform,
            grace_periods: Sequence::new(),
            progress: Progress::new(),
            demand: Demand::new(),
            membership: Membership::new(),
            queues: List::new(),
        }
    }

    /// Creates a domain in a constant expression, for statics, where [`Domain::new`] cannot be
    /// called.
    ///
    /// # Safety
    ///
    /// `active` is [`Platform::pair`] of slot 0. Zeroed, a word holds 0, and pointers point to
    /// nothing.
    pub const unsafe fn from_zeroes(active: P::Word, platform: P) -> Self {
        let mut this = MaybeUninit::<Self>::zeroed();
        let domain = this.as_mut_ptr();
        // SAFETY: The pointers are those of fields, and the rest is valid when zeroed.
        // INVARIANT: `active` is the pair of the active slot.
        unsafe {
            (&raw mut (*domain).active).write(Half(active));
            (&raw mut (*domain).platform).write(platform);
            this.assume_init()
        }
    }

    /// Makes the epoch wrap around after `distance` advances, and the sequence of grace periods
    /// after as many of them; for tests, which call it before anyone uses the domain.
    #[doc(hidden)]
    pub fn start_before_wrap(&self, distance: usize) {
        let epoch = 0usize.wrapping_sub(distance);
        self.epoch.store_relaxed(epoch);
        // INVARIANT: `active` is the pair of the active slot.
        self.active
            .0
            .store_relaxed(self.platform.pair(Slot::of(epoch)));
        let origin = self.grace_periods.start_before_wrap(distance);
        self.progress.start_at(origin);
        self.demand.start_at(origin);
    }

    /// Returns the platform that the domain runs on.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Returns the current epoch: the number of advances so far.
    pub fn epoch(&self) -> usize {
        self.epoch.load_relaxed()
    }

    /// Enters a read-side section. Any context.
    #[inline(always)]
    pub fn enter(&self) -> Section {
        let pair = self.active.0.load_relaxed();
        // SAFETY: By the type invariant `pair` is that of a slot.
        unsafe { self.enter_pair(pair) }
    }

    /// Returns the active slot. [`Domain::enter_slot`] of it does the same as [`Domain::enter`];
    /// for tests that act between the two.
    #[doc(hidden)]
    pub fn active_slot(&self) -> Slot {
        match self.active.0.load_relaxed() {
            pair if pair == self.platform.pair(Slot(0)) => Slot(0),
            _ => Slot(1),
        }
    }

    /// Enters a read-side section in `slot`.
    #[doc(hidden)]
    pub fn enter_slot(&self, slot: Slot) -> Section {
        // SAFETY: `pair` returns the pair of a slot of this domain.
        unsafe { self.enter_pair(self.platform.pair(slot)) }
    }

    /// # Safety
    ///
    /// `pair` is [`Platform::pair`] of one of the domain's slots.
    #[inline(always)]
    unsafe fn enter_pair(&self, pair: usize) -> Section {
        // SAFETY: `pair` is that of one of the slots, as `enter_pair` requires.
        unsafe { self.platform.count_enter(pair) };
        // Keeps the section's accesses behind the increment; pairs with the heavy barrier between
        // `Domain::look` and `Domain::conclude`.
        self.platform.light_barrier();
        Section { pair }
    }

    /// Leaves a read-side section. Any context, any CPU.
    ///
    /// # Safety
    ///
    /// The section was entered in this domain.
    #[inline(always)]
    pub unsafe fn exit(&self, section: Section) {
        // Keeps the section's accesses before the increment; pairs with the heavy barrier between
        // `Domain::look` and `Domain::conclude`.
        self.platform.light_barrier();
        // SAFETY: The section was entered in this domain, so that its pair is one of a slot.
        unsafe { self.platform.count_exit(section.pair) };
    }

    /// Returns the number of sections that are entered and not left: exact when nothing moves, a
    /// snapshot otherwise.
    pub fn readers(&self) -> usize {
        let [first, second] = Slot::BOTH.map(|slot| self.readers_in(slot));
        first.wrapping_add(second)
    }

    /// Returns the number of open sections in `slot`: exact when nothing moves, a snapshot
    /// otherwise.
    pub fn readers_in(&self, slot: Slot) -> usize {
        let exits = self.platform.sum(Counter::Exit(slot));
        self.platform.sum(Counter::Enter(slot)).wrapping_sub(exits)
    }

    /// Returns the number of grace periods that have ended. Any context.
    pub fn grace_periods(&self) -> usize {
        self.grace_periods.completed()
    }
}
