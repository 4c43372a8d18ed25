// SPDX-License-Identifier: GPL-2.0

//! What the algorithm needs from where it runs.

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

    /// Writes `new` and returns what was there before. A full barrier, before and after.
    fn exchange(&self, new: usize) -> usize;

    /// Writes `new` if the word is `old`; else fails with what it is. Success is a full barrier,
    /// before and after.
    fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize>;
}

/// How much a grace period may cost others.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Pace {
    /// As little as possible.
    Normal,
    /// As much as it takes to be over soon.
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

    /// The counter's index among the [`Counter::COUNT`] of a CPU: those of a slot are next to one
    /// another, that of entries first.
    #[inline(always)]
    pub const fn index(self) -> usize {
        match self {
            Counter::Enter(slot) => 2 * slot.index(),
            Counter::Exit(slot) => 2 * slot.index() + 1,
        }
    }
}

/// Per-CPU counters, barriers, and what is told about grace periods.
pub trait Platform: Sized {
    /// Initial distance to wraparound of the epoch and of the sequence of grace periods. 0, which is
    /// the whole range, except in wraparound tests.
    #[doc(hidden)]
    const BEFORE_WRAP: usize = 0;

    /// The words that the domain shares.
    type Word: Word;

    /// The pointers of its lists.
    type Links: Links;

    /// Returns a word that says where the pair of counters of `slot` is, whatever the CPU.
    fn pair(&self, slot: Slot) -> usize;

    /// Adds one to the entries in `pair` of the CPU that it runs on. Any context. Nothing that
    /// interrupts it, and no other CPU, may make the increment get lost; it need not order anything.
    ///
    /// # Safety
    ///
    /// `pair` was returned by [`Platform::pair`] of this platform.
    unsafe fn count_enter(&self, pair: usize);

    /// Adds one to the exits in `pair` of the CPU that it runs on, as [`Platform::count_enter`] does
    /// to the entries.
    ///
    /// # Safety
    ///
    /// As for [`Platform::count_enter`].
    unsafe fn count_exit(&self, pair: usize);

    /// Returns the sum of `counter` over all possible CPUs, each read without any ordering.
    fn sum(&self, counter: Counter) -> usize;

    /// The reader's half of a pair of barriers: keeps the compiler, and only it, from moving
    /// accesses across.
    fn light_barrier(&self);

    /// The updater's half: a full barrier on each CPU, between its beginning and its end. It serves
    /// all domains of an [`Engine`](super::Engine), whichever of them it is called on.
    fn heavy_barrier(&self, pace: Pace);

    /// Whether a heavy barrier costs more than to put a task to sleep, so that those who wait had
    /// better share one.
    fn shares_barriers(&self) -> bool {
        true
    }

    /// A full barrier on the CPU that it runs on.
    fn full_barrier(&self);

    /// Tells the CPU that it is in a busy loop.
    fn relax() {}

    /// Whether grace periods of `domain` are to be expedited although nobody who waits asks for that.
    fn expedites(_domain: &Domain<Self>) -> bool {
        false
    }

    /// Called by the detector when a grace period begins.
    fn begins(_domain: &Domain<Self>, _pace: Pace) {}

    /// Called by the detector when a grace period has ended.
    fn ends(_domain: &Domain<Self>, _pace: Pace) {}

    /// Called by the detector when it finds sections open in `slot`, which is not the active one.
    fn waits(_domain: &Domain<Self>, _slot: Slot) {}

    /// Wakes the tasks that wait for a grace period of `domain` and whose cookie has passed. The
    /// caller is not the detector any more.
    fn wake(_domain: &Domain<Self>) {}

    /// Has the callbacks of `queue` invoked that are [ready](CpuQueue::take_ready). Any context. The
    /// queue may be gone as soon as the worker can run.
    fn dispatch(_queue: &CpuQueue<Self>) {}
}
