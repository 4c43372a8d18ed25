// SPDX-License-Identifier: GPL-2.0

//! The kernel as the platform of the algorithm.

use crate::{
    callback::CpuCallbacks,
    domain::{
        Counter,
        CpuQueue,
        Domain,
        Pace,
        Platform,
        Slot,
        Word, //
    },
    helpers,
    links::KernelLinks,
    Epoch, //
};
use core::{
    mem::{
        offset_of,
        ManuallyDrop, //
    },
    ptr, //
};
#[cfg(CONFIG_KUNIT = "y")]
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};
use kernel_ext::{
    barrier::{
        compiler_barrier,
        full_barrier,
        smp_mb_on_each_cpu, //
    },
    compat,
    once::OnceWord,
    percpu::{
        this_cpu_inc,
        Counters,
        PerCpu, //
    }, //
};
use pin_init::Zeroable;

/// A word of the kernel's memory.
///
/// # Invariants
///
/// The union holds `word`; only in the initialiser of a static, where an address is not a number
/// yet, may it hold `address`.
#[repr(C)]
pub(crate) union KernelWord {
    word: ManuallyDrop<OnceWord>,
    address: *const usize,
}

// SAFETY: An `OnceWord` may be accessed from any task.
unsafe impl Send for KernelWord {}
// SAFETY: An `OnceWord` may be accessed from any task.
unsafe impl Sync for KernelWord {}

impl KernelWord {
    /// Creates a word that holds 0.
    pub(crate) const fn zero() -> Self {
        Self {
            word: ManuallyDrop::new(OnceWord::new(0)),
        }
    }

    /// Creates a word that holds an address, for the initialiser of a static.
    pub(crate) const fn from_address(address: *const usize) -> Self {
        Self { address }
    }

    #[inline(always)]
    fn word(&self) -> &OnceWord {
        // SAFETY: By the type invariant the union holds a word, or an address, which is a number at
        // run time.
        unsafe { &self.word }
    }
}

impl Word for KernelWord {
    fn new(value: usize) -> Self {
        Self {
            word: ManuallyDrop::new(OnceWord::new(value)),
        }
    }

    #[inline(always)]
    fn load_relaxed(&self) -> usize {
        self.word().read()
    }

    #[inline(always)]
    fn store_relaxed(&self, value: usize) {
        self.word().write(value);
    }

    fn add(&self, value: usize) {
        self.word().add(value);
    }

    fn exchange(&self, new: usize) -> usize {
        self.word().exchange(new)
    }

    fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize> {
        self.word().compare_exchange(old, new)
    }
}

/// The kind of an epoch: its heavy barrier, and so its engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(crate) enum Flavour {
    /// The heavy barrier is an interrupt on each CPU.
    Ipi,
    /// The heavy barrier is an RCU grace period, or an interrupt on each CPU if it is expedited and
    /// no CPU is isolated.
    Rcu,
    /// The heavy barrier is a full barrier on this CPU: readers execute theirs.
    Fenced,
}

/// Returns the number of interrupts that heavy barriers of all epochs have sent, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn ipis() -> usize {
    // SAFETY: No requirements.
    unsafe { helpers::epoch_ipis() }
}

/// The number of heavy barriers of each flavour.
#[cfg(CONFIG_KUNIT = "y")]
static HEAVY_BARRIERS: [Atomic<usize>; helpers::EPOCH_ENGINES as usize] =
    [const { Atomic::new(0) }; helpers::EPOCH_ENGINES as usize];

/// Returns the number of heavy barriers of all epochs of `flavour`, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn heavy_barriers(flavour: Flavour) -> usize {
    HEAVY_BARRIERS[flavour as usize].load(Relaxed)
}

/// Returns whether CPUs are isolated, so that they must not be interrupted.
fn cpus_are_isolated() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::epoch_cpus_are_isolated() }
}

/// The per-CPU data of an epoch.
#[repr(C, align(64))]
pub(crate) struct CpuSide {
    /// Counters of sections, on cache lines of their own: readers write them.
    counters: Counters<{ Counter::COUNT }>,
    pub(crate) callbacks: CpuCallbacks,
}

// SAFETY: Zeroed counters are 0, and `CpuCallbacks` is `Zeroable`.
unsafe impl Zeroable for CpuSide {}

/// Per-CPU counters, and barriers.
///
/// # Invariants
///
/// The platform is part of the [`Domain`] of an [`Epoch`]. `name` is a string that lives as long as
/// the epoch.
#[repr(C)]
pub(crate) struct KernelPlatform {
    pub(crate) cpus: PerCpu<CpuSide>,
    pub(crate) flavour: Flavour,
    /// 1 if the epoch is a static, which is never freed.
    pub(crate) is_static: u32,
    /// The name of the epoch, for people.
    pub(crate) name: *const c_char,
}

// SAFETY: `name` points to a string that nobody writes.
unsafe impl Send for KernelPlatform {}
// SAFETY: `name` points to a string that nobody writes.
unsafe impl Sync for KernelPlatform {}

impl KernelPlatform {
    /// # Safety
    ///
    /// The platform is for an [`Epoch`]'s domain, which is freed before `name`.
    pub(crate) unsafe fn new(flavour: Flavour, name: &CStr) -> Result<Self> {
        // INVARIANT: The platform is for an epoch's domain, and `name` outlives it, as this
        // function requires.
        Ok(Self {
            cpus: PerCpu::new()?,
            flavour,
            is_static: 0,
            name: name.as_char_ptr(),
        })
    }

    /// # Safety
    ///
    /// The platform is for the domain of an [`Epoch`] that is a static. `cpus` is a zeroed static
    /// in the section of per-CPU data, and of that epoch only.
    // `as_char_ptr` is not const.
    #[expect(clippy::disallowed_methods)]
    pub(crate) const unsafe fn from_static(cpus: *mut CpuSide, name: &'static CStr) -> Self {
        // INVARIANT: The platform is for an epoch's domain, and `name` outlives it, as this
        // function requires.
        Self {
            // SAFETY: `cpus` is a zeroed static in the section of per-CPU data, as this function
            // requires; statics are not dropped.
            cpus: unsafe { PerCpu::from_static(cpus) },
            flavour: Flavour::Ipi,
            is_static: 1,
            name: name.as_ptr().cast(),
        }
    }

    /// Returns [`Platform::pair`] of slot 0 of a static: as a pointer, since only the linker knows
    /// the number.
    pub(crate) const fn first_pair(cpus: *mut CpuSide) -> *const usize {
        // SAFETY: The offset stays in the static.
        unsafe { cpus.byte_add(offset_of!(CpuSide, counters)) }.cast()
    }

    /// Returns, for each possible CPU, the numbers of sections of `slot` that were entered and left
    /// on it.
    pub(crate) fn each_cpu(&self, slot: Slot) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.cpus.iter().map(move |cpu| {
            let left = cpu.counters.read(Counter::Exit(slot).index());
            (cpu.counters.read(Counter::Enter(slot).index()), left)
        })
    }
}

impl Platform for KernelPlatform {
    type Word = KernelWord;
    type Links = KernelLinks;

    fn pair(&self, slot: Slot) -> usize {
        let index = Counter::Enter(slot).index();
        self.cpus.offset() + offset_of!(CpuSide, counters) + index * size_of::<usize>()
    }

    #[inline(always)]
    unsafe fn count_enter(&self, pair: usize) {
        // SAFETY: `pair` is the offset of the first counter of a pair, as the trait requires.
        unsafe { this_cpu_inc::<0>(pair) };
    }

    #[inline(always)]
    unsafe fn count_exit(&self, pair: usize) {
        // SAFETY: `pair` is the offset of the first counter of a pair, as the trait requires.
        unsafe { this_cpu_inc::<1>(pair) };
    }

    fn sum(&self, counter: Counter) -> usize {
        let index = counter.index();
        let mut sum = 0usize;
        for cpu in self.cpus.iter() {
            sum = sum.wrapping_add(cpu.counters.read(index));
        }
        sum
    }

    #[inline(always)]
    fn light_barrier(&self) {
        compiler_barrier();
    }

    fn heavy_barrier(&self, pace: Pace) {
        #[cfg(CONFIG_KUNIT = "y")]
        HEAVY_BARRIERS[self.flavour as usize].fetch_add(1, Relaxed);
        match self.flavour {
            // Each CPU goes through a full barrier between the beginning and the end of an RCU
            // grace period, if RCU watches it; and each increment takes effect at one instruction,
            // which none of these barriers splits, or has interrupts disabled, so that it is a
            // reader to RCU.
            Flavour::Rcu if pace == Pace::Normal || cpus_are_isolated() => {
                compat::synchronize_rcu()
            }
            Flavour::Ipi | Flavour::Rcu => {
                // SAFETY: No requirements.
                unsafe { helpers::epoch_count_ipis(smp_mb_on_each_cpu()) };
            }
            Flavour::Fenced => full_barrier(),
        }
    }

    fn shares_barriers(&self) -> bool {
        self.flavour != Flavour::Fenced
    }

    fn full_barrier(&self) {
        full_barrier();
    }

    fn relax() {
        kernel::processor::cpu_relax();
    }

    fn expedites(domain: &Domain<Self>) -> bool {
        Epoch::of(domain).is_above_half_the_limit()
    }

    fn begins(domain: &Domain<Self>, pace: Pace) {
        let epoch = Epoch::of(domain);
        epoch.register_static();
        // The number of the grace period that begins.
        let number = domain.grace_periods().wrapping_add(1);
        epoch.watch.begins(epoch.name(), number, pace);
    }

    fn ends(domain: &Domain<Self>, pace: Pace) {
        let epoch = Epoch::of(domain);
        epoch.watch.ends(epoch.name(), domain, pace);
    }

    fn waits(domain: &Domain<Self>, slot: Slot) {
        let epoch = Epoch::of(domain);
        epoch.watch.check(epoch, slot);
    }

    fn wake(domain: &Domain<Self>) {
        // SAFETY: The key is an address, which is not dereferenced.
        unsafe { helpers::epoch_wake_up(ptr::from_ref(domain).cast()) };
    }

    fn dispatch(queue: &CpuQueue<Self>) {
        CpuCallbacks::of(queue).start_invocation();
    }
}
