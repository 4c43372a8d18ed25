// SPDX-License-Identifier: GPL-2.0

//! Explores the algorithm of `epoch.ko` with [loom]: the interleavings of its steps, and the
//! values that the C11 memory model allows each load to return.
//!
//! The files of `rust/epoch/domain/` are compiled unmodified; this crate provides a platform for
//! them. The list of the tracker `lockless` is explored likewise: [`queue`].
//!
//! A heavy barrier interrupts each CPU, and is a full barrier there, wherever the CPU is in its
//! program; a light one only keeps the compiler from moving accesses across. So a light barrier
//! comes either before or after the interrupt, and so does everything beyond it in program order.
//! The model is a word for each CPU: a light barrier is a read-modify-write of the word of its own
//! CPU, a heavy one of each CPU's in turn. It orders a light barrier with heavy ones, and with
//! nothing else; in particular, not with the fence that is a full barrier.
//!
//! A read-modify-write is a release and an acquire here, although it is a full barrier in the
//! kernel: no more is needed. Where an access must be ordered before one to another word, the
//! algorithm has a full barrier of its own, and so does going to sleep (`tasks.rs`), which orders
//! a preceding kick ahead of the last check.
//!
//! A [`Flaw`] removes something, to show that the tests detect it. Bugs of the algorithm itself
//! are patches, in `mutants/`.

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

/// Defects of a machine.
pub trait Flaw: 'static {
    /// Initial distance of the counters to wraparound.
    const BEFORE_WRAP: usize = 0;
    /// False to make the light barrier order nothing.
    const LIGHT: bool = true;
    /// False to make the heavy barrier order nothing.
    const HEAVY: bool = true;
    /// False to make the full barrier order nothing.
    const FULL: bool = true;
    /// False to hand a section to another task without a release and an acquire.
    const HANDED: bool = true;
    /// False to make read-modify-writes of words relaxed.
    const ORDERED_WORDS: bool = true;
    /// False to split an exchange of a word into a read and a write.
    const ATOMIC_WORDS: bool = true;
    /// False to make read-modify-writes of lists relaxed.
    const ORDERED_LISTS: bool = true;
    /// False to push nodes even if another one was pushed since the list was read.
    const COMPARED_LISTS: bool = true;
    /// False to make waiters detect alone while others do, which is no defect.
    const SHARES_BARRIERS: bool = true;
    /// False to wake no waiter of a grace period.
    const WAKES: bool = true;
    /// False to ignore kicks that ask to wake the engine's task.
    const HEARS_KICKS: bool = true;
    /// False to lose a dispatch while the worker runs.
    const DISPATCHES_WHILE_RUNNING: bool = true;
    /// False to let a teardown check the queues while callbacks are pending.
    const TEARDOWN_WAITS: bool = true;
}

/// A machine without defects.
pub struct Sound;

impl Flaw for Sound {}

/// A machine without defects whose waiters detect alone while others do, as with a fenced epoch.
pub struct Unshared;

impl Flaw for Unshared {
    const SHARES_BARRIERS: bool = false;
}

/// A machine without defects, but with all counters close to wraparound.
pub struct Wrapping;

impl Flaw for Wrapping {
    const BEFORE_WRAP: usize = 1;
}

/// Panic message of a test that accesses a freed object.
pub const USE_AFTER_FREE: &str = "an object is used that was freed";

/// Memory that may be freed: loom finds accesses that are not ordered before the free, and this
/// type finds accesses after it.
pub(crate) struct Memory(UnsafeCell<bool>);

impl Memory {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(true))
    }

    pub(crate) fn access(&self) {
        // SAFETY: Loom checks that nobody writes concurrently.
        assert!(self.0.with(|alive| unsafe { *alive }), "{USE_AFTER_FREE}");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: Loom checks that nobody accesses it concurrently.
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

/// Executes a full barrier. Full barriers are totally ordered, and each sees what the earlier ones
/// saw.
///
/// Loom's `fence(SeqCst)` is a full barrier too, but loom does not explore the possible orders of
/// such fences. In addition to the order, this is an acquire for the loads before it, and a
/// release for the stores after it.
pub fn full_barrier() {
    fence(Ordering::Acquire);
    FULL_BARRIERS.fetch_add(1, Ordering::AcqRel);
    fence(Ordering::Release);
}

/// Number of CPUs of a machine.
pub const CPUS: usize = 2;

loom::thread_local! {
    static CPU: std::cell::Cell<usize> = std::cell::Cell::new(0);
}

/// Per-CPU counters and barriers.
pub struct Machine<F> {
    counters: [[AtomicUsize; Counter::COUNT]; CPUS],
    interrupts: [AtomicUsize; CPUS],
    sleepers: Sleepers,
    /// Accessed by the detector only.
    detector: UnsafeCell<()>,
    /// Not tracked by loom.
    heavy_barriers: std::sync::atomic::AtomicUsize,
    _flaw: PhantomData<F>,
}

impl<F: Flaw> Machine<F> {
    /// Creates a machine whose counters are 0, or close to wraparound if the flaw says so.
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

    /// Returns the waiters for grace periods.
    pub fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    /// Returns the number of heavy barriers so far.
    pub fn heavy_barriers(&self) -> usize {
        self.heavy_barriers
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Moves the calling thread to `cpu`. Threads start on CPU 0.
    ///
    /// The thread is switched out with a full barrier on the old CPU, and in with one on the new
    /// CPU.
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

/// Creates a domain on a new machine, which is close to wraparound if the flaw says so.
pub fn domain<F: Flaw>() -> Domain<Machine<F>> {
    let domain = Domain::new(Machine::new());
    domain.start_before_wrap(F::BEFORE_WRAP);
    domain
}

impl<F: Flaw> Default for Machine<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Flaw> Platform for Machine<F> {
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
        // SAFETY: In the model, every queue is the `queue` field of a `Callbacks`.
        unsafe { Callbacks::from_queue(queue) }.dispatch();
    }
}
