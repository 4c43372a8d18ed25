// SPDX-License-Identifier: GPL-2.0

//! The kernel, as the algorithm sees it.

use crate::domain::{
    Bug,
    Counter,
    Pace,
    Platform,
    Slot,
    Word, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::barrier::{
        smp_mb,
        Full, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    barrier::{
        compiler_barrier,
        smp_mb_on_each_cpu, //
    },
    once::Once,
    percpu::{
        this_cpu_inc,
        Counters,
        PerCpu, //
    },
    sched, //
};

/// A word of the kernel's memory.
pub struct KernelWord(Once);

impl Word for KernelWord {
    fn new(value: usize) -> Self {
        Self(Once::new(value))
    }

    #[inline(always)]
    fn load_relaxed(&self) -> usize {
        self.0.read()
    }

    #[inline(always)]
    fn store_relaxed(&self, value: usize) {
        self.0.write(value);
    }

    fn add(&self, value: usize) {
        self.0.add(value);
    }
}

/// What the updater's half of the pair of barriers is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HeavyBarrier {
    /// An interrupt on each CPU.
    Ipi,
    /// An RCU grace period, or an interrupt on each CPU if it is to be over soon.
    Rcu,
    /// A full barrier on this CPU: readers have theirs.
    Local,
}

/// Per-CPU counters, and barriers.
pub struct KernelPlatform {
    counters: PerCpu<Counters<{ Counter::COUNT }>>,
    heavy: HeavyBarrier,
}

impl KernelPlatform {
    pub(crate) fn new(heavy: HeavyBarrier) -> Result<Self> {
        Ok(Self {
            counters: PerCpu::new()?,
            heavy,
        })
    }

    /// For each possible CPU, how many sections of `slot` were entered and left on it.
    pub(crate) fn each_cpu(&self, slot: Slot) -> impl Iterator<Item = (usize, usize)> + '_ {
        let left = self.counters.each(Counter::Exit(slot).index());
        let entered = self.counters.each(Counter::Enter(slot).index());
        left.zip(entered).map(|(left, entered)| (entered, left))
    }
}

impl Platform for KernelPlatform {
    const BUG: Option<Bug> = if cfg!(epoch_mutant = "one_advance") {
        Some(Bug::OneAdvance)
    } else if cfg!(epoch_mutant = "no_heavy_barrier") {
        Some(Bug::NoHeavyBarrier)
    } else if cfg!(epoch_mutant = "early_cookie") {
        Some(Bug::EarlyCookie)
    } else if cfg!(epoch_mutant = "given_up_counts") {
        Some(Bug::GivenUpCounts)
    } else if cfg!(epoch_mutant = "step_back") {
        Some(Bug::GivenUpStepsBack)
    } else if cfg!(epoch_mutant = "stale_slot") {
        Some(Bug::StaleSlot)
    } else {
        None
    };

    type Word = KernelWord;

    fn pair(&self, slot: Slot) -> usize {
        // SAFETY: `Counter::index()` is less than `Counter::COUNT`.
        unsafe { self.counters.place(Counter::Enter(slot).index()) }
    }

    #[inline(always)]
    unsafe fn count_enter(&self, pair: usize) {
        // SAFETY: By the caller's promise it is the place of the first counter of a pair.
        unsafe { this_cpu_inc::<0>(pair) };
    }

    #[inline(always)]
    unsafe fn count_exit(&self, pair: usize) {
        // SAFETY: By the caller's promise it is the place of the first counter of a pair.
        unsafe { this_cpu_inc::<1>(pair) };
    }

    fn sum(&self, counter: Counter) -> usize {
        self.counters.sum(counter.index())
    }

    #[inline(always)]
    fn light_barrier(&self) {
        compiler_barrier();
    }

    fn heavy_barrier(&self, pace: Pace) {
        match (self.heavy, pace) {
            (HeavyBarrier::Ipi, _) | (HeavyBarrier::Rcu, Pace::Expedited) => smp_mb_on_each_cpu(),
            // Each CPU goes through a full barrier between the beginning and the end of an RCU grace
            // period, if RCU watches it; and each increment is one instruction, or has interrupts
            // disabled, so that RCU takes it for a reader.
            // SAFETY: The caller may sleep.
            (HeavyBarrier::Rcu, Pace::Normal) => unsafe { bindings::synchronize_rcu() },
            (HeavyBarrier::Local, _) => smp_mb(Full),
        }
    }

    fn full_barrier(&self) {
        smp_mb(Full);
    }

    fn wait(&self, polls: u32, pace: Pace) {
        // Sections are short as a rule: look again at once a few times, then ever more rarely, up to
        // once a millisecond; but once in 16 microseconds if someone is in a hurry.
        const SPINS: u32 = 8;
        let max_shift = match pace {
            Pace::Normal => 10,
            Pace::Expedited => 4,
        };
        match polls.checked_sub(SPINS) {
            None => {
                sched::cpu_relax();
                sched::cond_resched();
            }
            Some(sleeps) => fsleep(Delta::from_micros(1 << sleeps.min(max_shift))),
        }
    }
}
