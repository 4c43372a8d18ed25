// SPDX-License-Identifier: GPL-2.0

//! The environment of the algorithm.

use super::list::Links;

use super::{
    CpuQueue,
    Domain,
    Slot, //
};

/// A word that is read and written atomically.
pub trait Word {
    /// Creates a word that holds `value`.
    fn new(value: usize) -> Self;

    /// Reads the word, without any ordering.
    fn load_relaxed(&self) -> usize;

    /// Writes the word, without any ordering.
    fn store_relaxed(&self, value: usize);

    /// Adds to the word, wrapping around. A full barrier, before and after.
    fn add(&self, value: usize);

    /// Writes `new` and returns the previous value. A full barrier, before and after.
    fn exchange(&self, new: usize) -> usize;

    /// Writes `new` if the word is `old`; otherwise fails with its current value. Success is a full
    /// barrier, before and after.
    fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize>;
}

/// The cost to others that a grace period may have.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Pace {
    /// The lowest cost possible.
    Normal,
    /// Any cost that ends the grace period soon.
    Expedited,
}

/// Names one of a CPU's four counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counter {
    /// Sections that were entered on the CPU.
    Enter(Slot),
    /// Sections that were left on the CPU.
    Exit(Slot),
}

impl Counter {
    /// The number of counters that a CPU has.
    pub const COUNT: usize = 4;

    /// Returns the counter's index among the [`Counter::COUNT`] of a CPU: the two of a slot are
    /// adjacent, entries first.
    #[inline(always)]
    pub const fn index(self) -> usize {
        match self {
            Counter::Enter(slot) => 2 * slot.index(),
            Counter::Exit(slot) => 2 * slot.index() + 1,
        }
    }
}

/// Per-CPU counters, barriers, and notifications of grace periods.
pub trait Platform: Sized {
    /// The words that the domain shares.
    type Word: Word;

    /// The pointers of its lists.
    type Links: Links;

    /// Returns a word that locates the pair of counters of `slot`, on any CPU.
    fn pair(&self, slot: Slot) -> usize;

    /// Adds one to the entries in `pair` of the current CPU. Any context. The increment must not
    /// get lost, whatever interrupts it and whatever other CPUs do; it need not order anything.
    ///
    /// # Safety
    ///
    /// `pair` was returned by [`Platform::pair`] of this platform.
    unsafe fn count_enter(&self, pair: usize);

    /// Adds one to the exits in `pair` of the current CPU, as [`Platform::count_enter`] does to the
    /// entries.
    ///
    /// # Safety
    ///
    /// `pair` was returned by [`Platform::pair`] of this platform.
    unsafe fn count_exit(&self, pair: usize);

    /// Returns the sum of `counter` over all possible CPUs, each read without any ordering.
    fn sum(&self, counter: Counter) -> usize;

    /// Executes the reader's half of a pair of barriers, which keeps only the compiler from moving
    /// accesses across.
    fn light_barrier(&self);

    /// Executes the updater's half of a pair of barriers: a full barrier on each CPU between the
    /// call and its return. It serves all domains of an [`Engine`](super::Engine), no matter which
    /// of them it is called on.
    fn heavy_barrier(&self, pace: Pace);

    /// Returns whether a heavy barrier costs more than to put a task to sleep, so that waiters
    /// should share one.
    fn shares_barriers(&self) -> bool {
        true
    }

    /// Executes a full barrier on the current CPU.
    fn full_barrier(&self);

    /// Tells the CPU that it is in a busy loop.
    fn relax() {}

    /// Returns whether grace periods of `domain` must be expedited although no waiter asks for it.
    fn expedites(_domain: &Domain<Self>) -> bool {
        false
    }

    /// Notes that a grace period begins. Called by the detector.
    fn begins(_domain: &Domain<Self>, _pace: Pace) {}

    /// Notes that a grace period has ended. Called by the detector.
    fn ends(_domain: &Domain<Self>, _pace: Pace) {}

    /// Notes that sections are open in `slot`, which is not the active one. Called by the detector.
    fn waits(_domain: &Domain<Self>, _slot: Slot) {}

    /// Wakes the tasks that wait for a grace period of `domain` and whose cookie has passed. The
    /// caller is no longer the detector.
    fn wake(_domain: &Domain<Self>) {}

    /// Starts the worker that invokes the [ready](CpuQueue::take_ready) callbacks of `queue`. Any
    /// context. The queue may be freed as soon as the worker can run.
    fn dispatch(_queue: &CpuQueue<Self>) {}
}
