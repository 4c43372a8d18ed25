// SPDX-License-Identifier: GPL-2.0

//! The kernel, as the algorithm sees it.

use crate::domain::{
    Bug,
    Counter,
    Platform,
    Word, //
};
use kernel::{
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
}

/// Per-CPU counters, and interrupts as barriers.
pub struct KernelPlatform {
    counters: PerCpu<Counters<{ Counter::COUNT }>>,
}

impl KernelPlatform {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            counters: PerCpu::new()?,
        })
    }
}

impl Platform for KernelPlatform {
    const BUG: Option<Bug> = if cfg!(epoch_mutant = "one_advance") {
        Some(Bug::OneAdvance)
    } else if cfg!(epoch_mutant = "no_heavy_barrier") {
        Some(Bug::NoHeavyBarrier)
    } else if cfg!(epoch_mutant = "early_cookie") {
        Some(Bug::EarlyCookie)
    } else {
        None
    };

    type Word = KernelWord;

    #[inline(always)]
    fn increment(&self, counter: Counter) {
        // SAFETY: `Counter::index()` is less than `Counter::COUNT`.
        unsafe { self.counters.increment(counter.index()) };
    }

    fn sum(&self, counter: Counter) -> usize {
        self.counters.sum(counter.index())
    }

    #[inline(always)]
    fn light_barrier(&self) {
        compiler_barrier();
    }

    fn heavy_barrier(&self) {
        smp_mb_on_each_cpu();
    }

    fn full_barrier(&self) {
        smp_mb(Full);
    }

    fn wait(&self, polls: u32) {
        // Sections are short as a rule: look again at once a few times, then ever more rarely, up to
        // once a millisecond.
        const SPINS: u32 = 8;
        const MAX_SHIFT: u32 = 10;
        match polls.checked_sub(SPINS) {
            None => {
                sched::cpu_relax();
                sched::cond_resched();
            }
            Some(sleeps) => fsleep(Delta::from_micros(1 << sleeps.min(MAX_SHIFT))),
        }
    }
}
