// SPDX-License-Identifier: GPL-2.0

//! Explores the algorithm of `epoch.ko` with [loom]: the interleavings of its steps, and the values
//! that the C11 memory model lets each load see.
//!
//! The files of `rust/epoch/domain/` are compiled as they are; this crate gives them a platform. So it
//! does with the list of the tracker `lockless`: [`queue`].
//!
//! A heavy barrier interrupts each CPU, and is a full barrier there, wherever the CPU is in its
//! program; a light one only keeps the compiler from moving accesses across. So a light barrier comes
//! either before or after the interrupt, and what is beyond it in program order does, too. That is
//! modelled by a word for each CPU: a light barrier is a read-modify-write of the word of the CPU that
//! it is on, a heavy one of each CPU's in turn. It orders a light barrier with heavy ones, and with
//! nothing else; above all, not with the fence that is a full barrier.
//!
//! A read-modify-write is a release and an acquire here, although it is a full barrier in the kernel:
//! no more is needed. Where an access has to be ordered before one to another word, the algorithm has
//! a full barrier of its own, and so has going to sleep (`tasks.rs`), which orders a kick ahead of the
//! last look before it.
//!
//! [`Flaw`] takes something away, to see that the tests find it. Bugs of the algorithm itself are
//! patches, in `mutants/`.

#[path = "../../../rust/epoch/domain/mod.rs"]
#[allow(dead_code)]
mod domain;
mod links;
pub mod queue;
mod tasks;

use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering, fence},
    thread,
};
use std::marker::PhantomData;

pub use domain::{
    Batch, Cookie, Counter, CpuQueue, Domain, Engine, Members, Pace, Platform, Round, Section,
    Slot, Word,
    list::{List, Node, Taken},
};
pub use links::{LoomLinks, LoomPointer};
pub use tasks::{Callbacks, EngineTask, Event, Sleepers, alone};

/// What is wrong with a machine.
pub trait Flaw: 'static {
    /// How far the counters are from where they wrap around when they begin.
    const BEFORE_WRAP: usize = 0;
    /// Whether the light barrier is one.
    const LIGHT: bool = true;
    /// Whether the heavy barrier is one.
    const HEAVY: bool = true;
    /// Whether the full barrier is one.
    const FULL: bool = true;
    /// Whether a section is handed to another task with a release and an acquire.
    const HANDED: bool = true;
    /// Whether a read-modify-write of a word orders anything.
    const ORDERED_WORDS: bool = true;
    /// Whether an exchange of a word is one access, and not a read and a write.
    const ATOMIC_WORDS: bool = true;
    /// Whether a read-modify-write of a list orders anything.
    const ORDERED_LISTS: bool = true;
    /// Whether a node is put on a list only if nobody else has put one there since the look.
    const COMPARED_LISTS: bool = true;
    /// Whether those who wait had better share a heavy barrier. No flaw, either way.
    const SHARES_BARRIERS: bool = true;
    /// Whether those who wait for a grace period are woken.
    const WAKES: bool = true;
    /// Whether the engine's task is woken when a kick says so.
    const HEARS_KICKS: bool = true;
    /// Whether a dispatch reaches the worker while it runs.
    const DISPATCHES_WHILE_RUNNING: bool = true;
    /// Whether a teardown waits until no callbacks are pending before it looks at the queues.
    const TEARDOWN_WAITS: bool = true;
}

/// Nothing is wrong.
pub struct Sound;

impl Flaw for Sound {}

/// Nothing is wrong; those who wait detect alone while others do, as with a fenced epoch.
pub struct Unshared;

impl Flaw for Unshared {
    const SHARES_BARRIERS: bool = false;
}

/// Nothing is wrong, but all counters wrap around soon.
pub struct Wrapping;

impl Flaw for Wrapping {
    const BEFORE_WRAP: usize = 1;
}

/// What a test says when it sees an object that is gone.
pub const USE_AFTER_FREE: &str = "an object is used that was freed";

/// Memory that may be freed: loom finds accesses that are not ordered before that, and this finds
/// those that come after it.
pub(crate) struct Memory(UnsafeCell<bool>);

impl Memory {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(true))
    }

    pub(crate) fn access(&self) {
        // SAFETY: Loom checks the access.
        assert!(self.0.with(|alive| unsafe { *alive }), "{USE_AFTER_FREE}");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: Loom checks the access.
            self.0.with_mut(|alive| unsafe { *alive = false });
        }
    }
}

/// A word of shared memory.
pub struct LoomWord<F> {
    value: AtomicUsize,
    memory: Memory,
    _flaw: PhantomData<F>,
}

impl<F: Flaw> LoomWord<F> {
    fn value(&self) -> &AtomicUsize {
        self.memory.access();
        &self.value
    }

    const ORDER: Ordering = match F::ORDERED_WORDS {
        true => Ordering::AcqRel,
        false => Ordering::Relaxed,
    };
}

impl<F: Flaw> Word for LoomWord<F> {
    fn new(value: usize) -> Self {
        Self {
            value: AtomicUsize::new(value),
            memory: Memory::new(),
            _flaw: PhantomData,
        }
    }

    fn load_relaxed(&self) -> usize {
        self.value().load(Ordering::Relaxed)
    }

    fn store_relaxed(&self, value: usize) {
        self.value().store(value, Ordering::Relaxed);
    }

    fn add(&self, value: usize) {
        self.value().fetch_add(value, Self::ORDER);
    }

    fn exchange(&self, new: usize) -> usize {
        if F::ATOMIC_WORDS {
            return self.value().swap(new, Self::ORDER);
        }
        let old = self.value().load(Ordering::Acquire);
        self.value().store(new, Ordering::Release);
        old
    }

    fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize> {
        self.value()
            .compare_exchange(old, new, Self::ORDER, Ordering::Relaxed)
            .map(|_| ())
    }
}

loom::lazy_static! {
    static ref FULL_BARRIERS: AtomicUsize = AtomicUsize::new(0);
}

/// A full barrier: all of them have an order, and each sees what the ones before it saw.
///
/// To loom, `fence(SeqCst)` is that as well; but it does not go through the orders that fences may have.
/// Beside those orders, it is an acquire for the loads before it, and a release for the stores after it.
pub fn full_barrier() {
    fence(Ordering::Acquire);
    FULL_BARRIERS.fetch_add(1, Ordering::AcqRel);
    fence(Ordering::Release);
}

/// The number of CPUs of a machine.
pub const CPUS: usize = 2;

loom::thread_local! {
    static CPU: std::cell::Cell<usize> = std::cell::Cell::new(0);
}

/// Per-CPU counters and barriers.
pub struct Machine<F> {
    counters: [[AtomicUsize; Counter::COUNT]; CPUS],
    interrupts: [AtomicUsize; CPUS],
    sleepers: Sleepers,
    /// What only the detector touches.
    detector: UnsafeCell<()>,
    /// Not seen by loom.
    heavy_barriers: std::sync::atomic::AtomicUsize,
    _flaw: PhantomData<F>,
}

impl<F: Flaw> Machine<F> {
    /// A machine whose counters are 0.
    pub fn new() -> Self {
        Self {
            counters: std::array::from_fn(|_| {
                std::array::from_fn(|_| AtomicUsize::new(0usize.wrapping_sub(F::BEFORE_WRAP)))
            }),
            interrupts: std::array::from_fn(|_| AtomicUsize::new(0)),
            sleepers: Sleepers::new(),
            detector: UnsafeCell::new(()),
            heavy_barriers: std::sync::atomic::AtomicUsize::new(0),
            _flaw: PhantomData,
        }
    }

    /// Those who wait for a grace period.
    pub fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    /// The number of heavy barriers so far.
    pub fn heavy_barriers(&self) -> usize {
        self.heavy_barriers
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Moves the calling thread to `cpu`. Threads start on CPU 0.
    ///
    /// A thread is switched out with a full barrier on the one CPU, and in with one on the other.
    pub fn migrate(&self, cpu: usize) {
        self.order(CPU.with(|current| current.replace(cpu)));
        self.order(cpu);
    }

    fn increment(&self, counter: usize) {
        let cpu = CPU.with(|current| current.get());
        self.counters[cpu][counter].fetch_add(1, Ordering::Relaxed);
    }

    fn order(&self, cpu: usize) {
        self.interrupts[cpu].fetch_add(1, Ordering::AcqRel);
    }
}

impl<F: Flaw> Default for Machine<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Flaw> Platform for Machine<F> {
    const BEFORE_WRAP: usize = F::BEFORE_WRAP;

    type Word = LoomWord<F>;
    type Links = LoomLinks<F>;

    fn pair(&self, slot: Slot) -> usize {
        Counter::Enter(slot).index()
    }

    unsafe fn count_enter(&self, pair: usize) {
        self.increment(pair);
    }

    unsafe fn count_exit(&self, pair: usize) {
        self.increment(pair + 1);
    }

    fn sum(&self, counter: Counter) -> usize {
        self.counters
            .iter()
            .map(|cpu| cpu[counter.index()].load(Ordering::Relaxed))
            .fold(0, usize::wrapping_add)
    }

    fn light_barrier(&self) {
        if F::LIGHT {
            self.order(CPU.with(|current| current.get()));
        }
    }

    fn heavy_barrier(&self, _pace: Pace) {
        self.heavy_barriers
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if F::HEAVY {
            (0..CPUS).for_each(|cpu| self.order(cpu));
        }
    }

    fn full_barrier(&self) {
        if F::FULL {
            full_barrier();
        }
    }

    fn relax() {
        thread::yield_now();
    }

    fn begins(domain: &Domain<Self>, _pace: Pace) {
        domain.platform().detector.with_mut(|_| ());
    }

    fn shares_barriers(&self) -> bool {
        F::SHARES_BARRIERS
    }

    fn ends(domain: &Domain<Self>, _pace: Pace) {
        domain.platform().detector.with_mut(|_| ());
    }

    fn waits(domain: &Domain<Self>, _slot: Slot) {
        domain.platform().detector.with_mut(|_| ());
    }

    fn wake(domain: &Domain<Self>) {
        if F::WAKES {
            domain
                .platform()
                .sleepers
                .wake(|cookie| domain.poll(cookie));
        }
    }

    fn dispatch(queue: &CpuQueue<Self>) {
        // SAFETY: The model makes queues only as part of that.
        unsafe { Callbacks::from_queue(queue) }.dispatch();
    }
}
