// SPDX-License-Identifier: GPL-2.0

//! What the algorithm needs from the place it runs in.

use super::Slot;

/// A word that is read and written atomically.
pub trait Word {
    /// A word that holds `value`.
    fn new(value: usize) -> Self;

    /// Reads the word, without any ordering.
    fn load_relaxed(&self) -> usize;

    /// Writes the word, without any ordering.
    fn store_relaxed(&self, value: usize);

    /// Adds to the word, wrapping around, without any ordering. Any number may do so at a time, but
    /// not while others write.
    fn add(&self, value: usize);
}

/// How much a grace period may cost others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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

    /// The counter's place among the [`Counter::COUNT`] of a CPU: those of a slot are next to one
    /// another, that of entries first.
    #[inline(always)]
    pub fn index(self) -> usize {
        match self {
            Counter::Enter(slot) => 2 * slot.index(),
            Counter::Exit(slot) => 2 * slot.index() + 1,
        }
    }
}

/// A bug to plant, so that tests can be seen to find it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bug {
    /// A section is left in the slot that is active then, and not in the one it was entered in.
    StaleSlot,
    /// A grace period is one advance instead of two.
    OneAdvance,
    /// A slot is taken for drained without a heavy barrier.
    NoHeavyBarrier,
    /// The counters of entries are read before those of exits.
    EntersFirst,
    /// Whoever comes while a grace period is running is content with that one.
    EarlyCookie,
    /// A grace period that was given up counts as ended.
    GivenUpCounts,
    /// One that was given up counts as not begun, also for those who have taken a cookie meanwhile.
    GivenUpStepsBack,
}

/// Per-CPU counters, barriers, and a way to wait.
pub trait Platform {
    /// None, but in tests.
    #[doc(hidden)]
    const BUG: Option<Bug> = None;

    /// How far the epoch and the sequence of grace periods are from their ends when they begin: 0,
    /// which is all the way, but in tests of what happens when they wrap around.
    #[doc(hidden)]
    const BEFORE_WRAP: usize = 0;

    /// The words that the domain shares.
    type Word: Word;

    /// A word that says where the pair of counters of `slot` is, whatever the CPU.
    fn pair(&self, slot: Slot) -> usize;

    /// Adds one to the entries in `pair` of the CPU it runs on. Any context. Nothing that interrupts it,
    /// and no other CPU, may make the increment get lost; it need not order anything.
    ///
    /// # Safety
    ///
    /// `pair` was given by [`Platform::pair`] of this platform.
    unsafe fn count_enter(&self, pair: usize);

    /// The same for the exits.
    ///
    /// # Safety
    ///
    /// As for [`Platform::count_enter`].
    unsafe fn count_exit(&self, pair: usize);

    /// The sum of `counter` over all CPUs that there can be, each read without any ordering.
    fn sum(&self, counter: Counter) -> usize;

    /// The reader's half of a pair of barriers: keeps the compiler, and only it, from moving
    /// accesses across.
    fn light_barrier(&self);

    /// The updater's half: a full barrier on each CPU, between its beginning and its end. May
    /// sleep. If `pace` is [`Pace::Expedited`], it is to be over soon, whatever it costs others.
    fn heavy_barrier(&self, pace: Pace);

    /// A full barrier on the CPU it runs on.
    fn full_barrier(&self);

    /// Waits a moment before the counters are looked at for the `polls`-th time again (from 0). May
    /// sleep.
    fn wait(&self, polls: u32, pace: Pace);
}

/// A lock that lets one detector of grace periods run at a time.
pub trait Detector {
    /// Calls `f` with the lock held. What one call's `f` does happens before what the next one's
    /// does. May sleep. Does not call it if it gave up waiting for the lock.
    fn exclusively(&self, f: impl FnOnce());

    /// Whether to stop waiting for sections.
    fn gives_up(&self) -> bool {
        false
    }

    /// Whether the grace period is to be over soon, even if nobody who waits has asked for that.
    fn hurries(&self) -> bool {
        false
    }

    /// Told when a grace period begins, and whether in a hurry, with the lock held.
    fn begins(&self, _pace: Pace) {}

    /// Told when the grace period has ended, and whether in a hurry, with the lock held; not if the
    /// detector gave up.
    fn ends(&self, _pace: Pace) {}

    /// Told before each wait for the sections in `slot`, with the lock held.
    fn waits(&self, _slot: Slot) {}
}
