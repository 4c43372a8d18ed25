// SPDX-License-Identifier: GPL-2.0

//! This project's epoch: the files of `rust/epoch/domain/`, unmodified, on a platform in user
//! space.
//!
//! A thread represents a CPU: its GS points to per-CPU data of its own, so that an increment is
//! the same instruction as in the kernel. The heavy barrier is membarrier(2).
//!
//! A [`Flaw`] removes something, to show that the tests detect it.

#[path = "../../../rust/epoch/domain/mod.rs"]
#[allow(dead_code, unused_imports, rustdoc::private_intra_doc_links)]
mod domain;

use std::array;
use std::cell::Cell;
use std::hint;
use std::io;
use std::marker::PhantomData;
use std::mem::offset_of;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, compiler_fence, fence};
use std::thread;

use crate::system::{Membarrier, set_gs};

use domain::list::{Links, Node};
use domain::{Counter, Domain, Engine, Pace, Platform, Slot, Word};

pub use domain::Section;

/// Defects of an epoch.
pub trait Flaw: Send + Sync + 'static {
    /// False to make the heavy barrier do nothing.
    const HEAVY: bool = true;
}

/// An epoch without defects.
pub struct Sound;

impl Flaw for Sound {}

/// Per-CPU data of one CPU.
#[repr(C, align(64))]
struct PerCpu {
    /// Counters of the epoch, on cache lines of their own.
    counters: Counters,
    /// Counters of the candidates that are plain instructions.
    bare: Counters,
    taken: AtomicBool,
}

#[repr(C, align(64))]
struct Counters([AtomicUsize; Counter::COUNT]);

impl Counters {
    fn new() -> Self {
        Self(array::from_fn(|_| AtomicUsize::new(0)))
    }
}

/// Platform whose CPUs are threads.
struct Machine<F> {
    cpus: Box<[PerCpu]>,
    membarrier: Membarrier,
    flaw: PhantomData<F>,
}

// As in the kernel, the low address bits of `active` differ from those of a counter, so that its
// load never waits for a store to one (4K aliasing).
const _: () = assert!(
    Domain::<Machine<Sound>>::OFFSET_OF_ACTIVE % align_of::<Counters>()
        >= size_of::<[usize; Counter::COUNT]>()
);

struct NativeWord(AtomicUsize);

impl Word for NativeWord {
    fn new(value: usize) -> Self {
        Self(AtomicUsize::new(value))
    }

    #[inline(always)]
    fn load_relaxed(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn store_relaxed(&self, value: usize) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn add(&self, value: usize) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    // On x86-64, the only supported architecture, each of these is a full barrier.
    fn exchange(&self, new: usize) -> usize {
        self.0.swap(new, Ordering::SeqCst)
    }

    fn compare_exchange(&self, old: usize, new: usize) -> Result<(), usize> {
        self.0
            .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed)
            .map(|_| ())
    }
}

/// Pointers of lists.
struct NativeLinks;

impl Links for NativeLinks {
    type Shared = AtomicPtr<Node<Self>>;
    type Owned = Cell<Option<NonNull<Node<Self>>>>;

    fn null() -> Self::Shared {
        AtomicPtr::new(ptr::null_mut())
    }

    fn nothing() -> Self::Owned {
        Cell::new(None)
    }

    fn load_relaxed(shared: &Self::Shared) -> *mut Node<Self> {
        shared.load(Ordering::Relaxed)
    }

    fn compare_exchange(
        shared: &Self::Shared,
        old: *mut Node<Self>,
        new: *mut Node<Self>,
    ) -> Result<(), *mut Node<Self>> {
        shared
            .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed)
            .map(|_| ())
    }

    fn exchange(shared: &Self::Shared, new: *mut Node<Self>) -> *mut Node<Self> {
        shared.swap(new, Ordering::SeqCst)
    }

    unsafe fn get(owned: &Self::Owned) -> Option<NonNull<Node<Self>>> {
        owned.get()
    }

    unsafe fn set(owned: &Self::Owned, next: Option<NonNull<Node<Self>>>) {
        owned.set(next);
    }
}

impl<F: Flaw> Platform for Machine<F> {
    type Word = NativeWord;
    type Links = NativeLinks;

    fn pair(&self, slot: Slot) -> usize {
        offset_of!(PerCpu, counters) + Counter::Enter(slot).index() * size_of::<AtomicUsize>()
    }

    #[inline(always)]
    unsafe fn count_enter(&self, pair: usize) {
        // SAFETY: `pair` is from `Machine::pair`, as this function requires; every thread that
        // enters or exits is a CPU of this platform, by the invariant of `Reader`.
        unsafe { this_cpu_inc::<0>(pair) };
    }

    #[inline(always)]
    unsafe fn count_exit(&self, pair: usize) {
        // SAFETY: `pair` is from `Machine::pair`, as this function requires; every thread that
        // enters or exits is a CPU of this platform, by the invariant of `Reader`.
        unsafe { this_cpu_inc::<1>(pair) };
    }

    fn sum(&self, counter: Counter) -> usize {
        self.cpus
            .iter()
            .map(|cpu| cpu.counters.0[counter.index()].load(Ordering::Relaxed))
            .fold(0, usize::wrapping_add)
    }

    #[inline(always)]
    fn light_barrier(&self) {
        compiler_fence(Ordering::SeqCst);
    }

    fn heavy_barrier(&self, _pace: Pace) {
        if F::HEAVY {
            self.membarrier.heavy();
        }
    }

    fn full_barrier(&self) {
        fence(Ordering::SeqCst);
    }
}

/// Increments a counter with the same asm block as `this_cpu_inc` in rust/kernel_ext/percpu.rs.
///
/// # Safety
///
/// `address` was returned by [`Machine::pair`], whose first counter it is, and the thread has a
/// [`Cpu`] of that machine.
#[inline(always)]
unsafe fn this_cpu_inc<const NEXT: usize>(address: usize) {
    // SAFETY: By the invariant of `Cpu`, GS points to the per-CPU data that the address is relative
    // to; it and the pair's other counter behind it are counters of the CPU. Others only read
    // them, atomically.
    unsafe {
        core::arch::asm!(
            "inc qword ptr gs:[{address} + {next} * 8]",
            address = in(reg) address,
            next = const NEXT,
            options(nostack),
        )
    };
}

/// Executes the no-op of a disabled static key's branch, which the kernel has here in place of the
/// call that tracks readers.
#[inline(always)]
fn static_branch() {
    // SAFETY: The instruction is a no-op.
    unsafe { core::arch::asm!("xchg ax, ax", options(nomem, nostack, preserves_flags)) };
}

/// An epoch.
pub struct Epoch<F: Flaw = Sound> {
    engine: Engine<Machine<F>>,
    domain: Domain<Machine<F>>,
}

// SAFETY: Only the nodes of lists are not atomic, and `synchronize` puts none on a list.
unsafe impl<F: Flaw> Send for Epoch<F> {}
// SAFETY: Concurrent accesses are to atomics only, since `synchronize` puts no node on a list.
unsafe impl<F: Flaw> Sync for Epoch<F> {}

impl<F: Flaw> Epoch<F> {
    /// Creates an epoch for up to this many CPUs.
    pub fn new(cpus: usize) -> io::Result<Self> {
        let cpu = |_| PerCpu {
            counters: Counters::new(),
            bare: Counters::new(),
            taken: AtomicBool::new(false),
        };
        let machine = Machine {
            cpus: (0..cpus).map(cpu).collect(),
            membarrier: Membarrier::register()?,
            flaw: PhantomData,
        };
        Ok(Self {
            engine: Engine::new(),
            domain: Domain::new(machine),
        })
    }

    /// Makes the calling thread one of the CPUs.
    ///
    /// # Panics
    ///
    /// Panics if it is one already, of this epoch or of another, or if all CPUs are taken.
    pub fn cpu(&self) -> io::Result<Cpu<'_, F>> {
        assert!(!IS_CPU.get(), "the thread is a CPU already");
        let mut cpus = self.domain.platform().cpus.iter();
        let per_cpu = cpus.find(|cpu| !cpu.taken.swap(true, Ordering::Acquire));
        let per_cpu = per_cpu.expect("there are more threads than CPUs");
        set_gs(ptr::from_ref(per_cpu).expose_provenance())?;
        IS_CPU.set(true);
        // INVARIANT: GS was set. As long as `IS_CPU` is set, nobody changes it.
        Ok(Cpu {
            epoch: self,
            per_cpu,
            here: PhantomData,
        })
    }

    /// Waits until every section that was entered before the call has been left.
    pub fn synchronize(&self) {
        const SPINS: u32 = 64;
        let cookie = self.domain.snapshot();
        let mut polls = 0;
        while !self.engine.alone(&self.domain, cookie, Pace::Normal) {
            if polls < SPINS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
            polls = polls.saturating_add(1);
        }
    }

    /// Returns the number of sections that are entered and not left.
    pub fn readers(&self) -> usize {
        self.domain.readers()
    }

    /// Returns the number of grace periods that have ended.
    pub fn grace_periods(&self) -> usize {
        self.domain.grace_periods()
    }
}

thread_local! {
    /// Set while the thread has a [`Cpu`], including one that was leaked.
    static IS_CPU: Cell<bool> = const { Cell::new(false) };
}

/// The calling thread, as a CPU of an epoch.
///
/// # Invariants
///
/// GS points to `per_cpu`, which is one of the epoch's, and that of no other thread does.
pub struct Cpu<'e, F: Flaw = Sound> {
    epoch: &'e Epoch<F>,
    per_cpu: &'e PerCpu,
    /// Keeps it on its thread.
    here: PhantomData<*mut ()>,
}

impl<F: Flaw> Cpu<'_, F> {
    /// Returns a reader of the epoch on this CPU.
    pub fn reader(&self) -> Reader<'_, F> {
        // INVARIANT: `self` stays on its thread, which is a CPU of the epoch.
        Reader {
            domain: &self.epoch.domain,
            here: PhantomData,
        }
    }

    /// Returns two counters for [`Bare::increment`], as far from one another as a slot's.
    pub fn bare(&self) -> [Bare<'_>; 2] {
        let offset = offset_of!(PerCpu, bare);
        let word = size_of::<AtomicUsize>();
        // INVARIANT: Both are inside `PerCpu::bare`, and GS points to it by the type's invariant.
        [offset, offset + 2 * word].map(|offset| Bare {
            offset: hint::black_box(offset),
            cpu: PhantomData,
        })
    }
}

impl<F: Flaw> Drop for Cpu<'_, F> {
    fn drop(&mut self) {
        // This fails only for addresses that are not canonical.
        let _ = set_gs(0);
        IS_CPU.set(false);
        self.per_cpu.taken.store(false, Ordering::Release);
    }
}

/// Enters and leaves sections. It is a pointer to the epoch, as the kernel's users have it, so
/// that it fits in a register.
///
/// # Invariants
///
/// The thread is one of the CPUs of the domain's platform.
pub struct Reader<'c, F: Flaw = Sound> {
    domain: &'c Domain<Machine<F>>,
    /// Keeps it on its thread.
    here: PhantomData<*mut ()>,
}

impl<F: Flaw> Clone for Reader<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Flaw> Copy for Reader<'_, F> {}

impl<F: Flaw> Reader<'_, F> {
    /// Enters a section.
    #[inline(always)]
    pub fn enter(&self) -> Section {
        let section = self.domain.enter();
        static_branch();
        section
    }

    /// Leaves a section of the same epoch.
    #[inline(always)]
    pub fn exit(&self, section: Section) {
        static_branch();
        // SAFETY: Only a `Reader` of this epoch returns sections; those of another epoch would be
        // counted in the same place, since a thread is a CPU of one epoch at a time.
        unsafe { self.domain.exit(section) };
    }
}

/// A counter of the thread that nobody reads.
///
/// # Invariants
///
/// `offset` is that of an atomic word, relative to the thread's GS, and only this thread writes to
/// it.
#[derive(Clone, Copy)]
pub struct Bare<'c> {
    offset: usize,
    /// Keeps it on its thread, for no longer than the `Cpu`.
    cpu: PhantomData<(&'c (), *mut ())>,
}

impl Bare<'_> {
    /// Increments with `inc`.
    #[inline(always)]
    pub fn increment(self) {
        // SAFETY: `offset` is that of an atomic word that only this thread writes, by the type's
        // invariant.
        unsafe {
            core::arch::asm!(
                "inc qword ptr gs:[{offset}]",
                offset = in(reg) self.offset,
                options(nostack),
            )
        };
    }

    /// Increments with `lock inc`.
    #[inline(always)]
    pub fn increment_locked(self) {
        // SAFETY: `offset` is that of an atomic word that only this thread writes, by the type's
        // invariant.
        unsafe {
            core::arch::asm!(
                "lock inc qword ptr gs:[{offset}]",
                offset = in(reg) self.offset,
                options(nostack),
            )
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_counted_on_the_cpu_they_are_on() {
        let epoch = Epoch::<Sound>::new(2).unwrap();
        let cpu = epoch.cpu().unwrap();
        let section = cpu.reader().enter();
        assert_eq!(epoch.readers(), 1);
        // The counters of another CPU.
        thread::scope(|scope| {
            scope.spawn(|| {
                let cpu = epoch.cpu().unwrap();
                let reader = cpu.reader();
                reader.exit(reader.enter());
            });
        });
        assert_eq!(epoch.readers(), 1);
        cpu.reader().exit(section);
        assert_eq!(epoch.readers(), 0);

        let counted = |index: usize| {
            let cpus = epoch.domain.platform().cpus.iter();
            cpus.map(|cpu| cpu.counters.0[index].load(Ordering::Relaxed))
                .collect::<Vec<_>>()
        };
        assert_eq!([counted(0), counted(1)], [[1, 1], [1, 1]]);
    }

    #[test]
    fn bare_counters_are_not_the_epochs() {
        let epoch = Epoch::<Sound>::new(1).unwrap();
        let cpu = epoch.cpu().unwrap();
        let [first, second] = cpu.bare();
        first.increment();
        second.increment_locked();
        second.increment();
        let bare = cpu.per_cpu.bare.0.each_ref();
        assert_eq!(
            bare.map(|count| count.load(Ordering::Relaxed)),
            [1, 0, 2, 0]
        );
        assert_eq!(epoch.readers(), 0);
    }

    #[test]
    fn a_cpu_is_given_back() {
        let epoch = Epoch::<Sound>::new(1).unwrap();
        drop(epoch.cpu().unwrap());
        drop(epoch.cpu().unwrap());
    }

    #[test]
    #[should_panic(expected = "the thread is a CPU already")]
    fn a_thread_is_one_cpu() {
        let epoch = Epoch::<Sound>::new(2).unwrap();
        let _cpu = epoch.cpu().unwrap();
        let _another = epoch.cpu();
    }

    #[test]
    fn a_grace_period_ends_without_readers() {
        let epoch = Epoch::<Sound>::new(1).unwrap();
        epoch.synchronize();
        assert_eq!(epoch.grace_periods(), 1);
    }
}
