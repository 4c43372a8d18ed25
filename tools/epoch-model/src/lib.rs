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
//! [`Flaw`] takes something away, to see that the tests find it.

#[path = "../../../rust/epoch/domain/mod.rs"]
#[allow(dead_code)]
mod domain;
mod links;
pub mod queue;
mod work;

use loom::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use std::marker::PhantomData;

pub use domain::{
    Bug, Cookie, Counter, Detector, Domain, Pace, Platform, Section, Slot, Word,
    list::{List, Node, Taken},
};
pub use links::LoomLinks;
pub use work::Work;

/// What is wrong with a machine.
pub trait Flaw: 'static {
    /// A bug in the algorithm.
    const BUG: Option<Bug> = None;
    /// How far the counters are from where they wrap around when they begin.
    const BEFORE_WRAP: usize = 0;
    /// How many preemptions to explore: one more than it takes to find each of the bugs.
    const PREEMPTIONS: usize = 3;
    /// Whether the light barrier is one.
    const LIGHT: bool = true;
    /// Whether the heavy barrier is one.
    const HEAVY: bool = true;
    /// Whether the full barrier is one.
    const FULL: bool = true;
    /// Whether a section is handed to another task with a release and an acquire.
    const HANDED: bool = true;
    /// What goes wrong with callbacks.
    const SLIP: Option<Slip> = None;
}

/// What may go wrong on the way of a callback, and of those who wait for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slip {
    /// Putting a node on a list orders nothing.
    RelaxedPush,
    /// A node is put on a list whatever has been put there meanwhile.
    BlindPush,
    /// Callbacks are taken when the grace period has passed, with those that came during it.
    TakenLate,
    /// The work is queued before what it is to find is there.
    QueuedFirst,
    /// A poller's request is made before its snapshot.
    RequestedFirst,
    /// A poller's request is taken back when the grace period has passed.
    ForgottenLate,
    /// A flush waits for work that is queued, and not for work that runs.
    QueuedOnly,
    /// A flush interrupts nobody who is about to queue the work.
    NoInterrupts,
    /// A drop flushes once.
    OneFlush,
}

/// Nothing is wrong.
pub struct Sound;

impl Flaw for Sound {}

/// Nothing is wrong, but all counters wrap around soon.
pub struct Wrapping;

impl Flaw for Wrapping {
    const BEFORE_WRAP: usize = 1;
    // Where a sum or a comparison goes wrong, it does in any order.
    const PREEMPTIONS: usize = 2;
}

/// A word of shared memory.
pub struct LoomWord(AtomicUsize);

impl Word for LoomWord {
    fn new(value: usize) -> Self {
        Self(AtomicUsize::new(value))
    }

    fn load_relaxed(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn store_relaxed(&self, value: usize) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn add(&self, value: usize) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }
}

loom::lazy_static! {
    static ref FULL_BARRIERS: AtomicUsize = AtomicUsize::new(0);
}

/// A full barrier: all of them have an order, and each sees what the ones before it saw.
///
/// To loom, `fence(SeqCst)` is that as well; but it does not go through the orders that fences may have.
pub fn full_barrier() {
    FULL_BARRIERS.fetch_add(1, Ordering::AcqRel);
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
            _flaw: PhantomData,
        }
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
    const BUG: Option<Bug> = F::BUG;
    const BEFORE_WRAP: usize = F::BEFORE_WRAP;

    type Word = LoomWord;

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
        if F::HEAVY {
            (0..CPUS).for_each(|cpu| self.order(cpu));
        }
    }

    fn full_barrier(&self) {
        if F::FULL {
            full_barrier();
        }
    }

    fn wait(&self, _polls: u32, _pace: Pace) {
        thread::yield_now();
    }
}

/// The detector's lock.
#[derive(Default)]
pub struct Lock(Mutex<()>);

/// The same for somebody who does not wait for a section that is in the way.
pub struct Impatient<'a>(pub &'a Lock);

impl Detector for Impatient<'_> {
    fn exclusively(&self, f: impl FnOnce()) {
        self.0.exclusively(f);
    }

    fn gives_up(&self) -> bool {
        true
    }
}

impl Lock {
    /// A lock that is free.
    pub fn new() -> Self {
        Self(Mutex::new(()))
    }
}

impl Detector for Lock {
    fn exclusively(&self, f: impl FnOnce()) {
        let _guard = self.0.lock().unwrap();
        f();
    }
}
