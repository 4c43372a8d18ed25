// SPDX-License-Identifier: GPL-2.0

//! Per-CPU data.
//!
//! C header: [`include/linux/percpu.h`](srctree/include/linux/percpu.h)

use crate::{
    cpu,
    helpers,
    once::OnceWord, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    cpu::CpuId,
    prelude::*, //
};
use pin_init::Zeroable;

/// An object for each possible CPU, shared among all of them.
///
/// # Invariants
///
/// `ptr` was given by the per-CPU allocator for a `T`, and each possible CPU's `T` is valid.
pub struct PerCpu<T> {
    ptr: NonNull<T>,
    _owns: PhantomData<T>,
}

// SAFETY: It gives out shared references only, to any task.
unsafe impl<T: Sync> Send for PerCpu<T> {}
// SAFETY: It gives out shared references only, to any task.
unsafe impl<T: Sync> Sync for PerCpu<T> {}

impl<T: Zeroable + Sync> PerCpu<T> {
    /// Allocates a zeroed `T` for each possible CPU. May sleep.
    pub fn new() -> Result<Self> {
        const {
            assert!(!core::mem::needs_drop::<T>());
            // What the C allocator takes; it warns and fails beyond.
            assert!(align_of::<T>() <= 4096);
        }
        // SAFETY: No requirements.
        let ptr = unsafe {
            bindings::pcpu_alloc_noprof(
                size_of::<T>(),
                align_of::<T>(),
                false,
                bindings::GFP_KERNEL,
            )
        };
        // INVARIANT: The allocator zeroes, and `T` is valid when zeroed.
        Ok(Self {
            ptr: NonNull::new(ptr.cast()).ok_or(ENOMEM)?,
            _owns: PhantomData,
        })
    }

    /// Refers to the objects of a static in the section of per-CPU data.
    ///
    /// # Safety
    ///
    /// `ptr` points to such a static, which was zeroed. The result is never dropped.
    pub const unsafe fn from_static(ptr: *mut T) -> Self {
        // INVARIANT: The static has an object for each possible CPU, and `T` is valid when zeroed.
        Self {
            // SAFETY: Statics have addresses.
            ptr: unsafe { NonNull::new_unchecked(ptr) },
            _owns: PhantomData,
        }
    }

    /// Returns the object of the current CPU. The caller may be on another one by the time it gets
    /// it.
    pub fn this_cpu(&self) -> &T {
        // SAFETY: It is a possible CPU, being online.
        unsafe { self.get(CpuId::current()) }
    }

    /// Returns the objects of all possible CPUs.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            objects: self,
            cpus: cpu::possible(),
        }
    }

    /// Returns the address of the object, relative to a CPU's per-CPU data. With the offset of a
    /// counter added, it is an argument of [`this_cpu_inc`].
    #[inline(always)]
    pub fn offset(&self) -> usize {
        self.ptr.as_ptr() as usize
    }

    /// # Safety
    ///
    /// `cpu` is a possible CPU: others have no object.
    unsafe fn get(&self, cpu: CpuId) -> &T {
        // SAFETY: By the type invariant the pointer is one of the per-CPU allocator's.
        let ptr =
            unsafe { helpers::kernel_ext_per_cpu_ptr(self.ptr.as_ptr().cast(), cpu.as_u32()) };
        // SAFETY: By the type invariant each possible CPU's object is valid, and lives as long as
        // `self`.
        unsafe { &*ptr.cast() }
    }
}

/// Iterator over the objects of all possible CPUs.
pub struct Iter<'a, T> {
    objects: &'a PerCpu<T>,
    cpus: cpu::Possible,
}

impl<'a, T: Zeroable + Sync> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        // SAFETY: They are possible CPUs.
        self.cpus.next().map(|cpu| unsafe { self.objects.get(cpu) })
    }
}

impl<T> Drop for PerCpu<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the allocator gave the pointer; it is not used after this.
        unsafe { bindings::free_percpu(self.ptr.as_ptr().cast()) };
    }
}

// SAFETY: A zeroed word is one that holds 0.
unsafe impl Zeroable for OnceWord {}

/// `N` counters of one CPU, on cache lines of their own.
#[repr(C, align(64))]
pub struct Counters<const N: usize>([OnceWord; N]);

// SAFETY: A zeroed counter is one that holds 0.
unsafe impl<const N: usize> Zeroable for Counters<N> {}

impl<const N: usize> Counters<N> {
    /// Reads a counter, without ordering.
    #[inline(always)]
    pub fn read(&self, index: usize) -> usize {
        self.0[index].read()
    }
}

impl<const N: usize> PerCpu<Counters<N>> {
    /// Returns the address of counter `index`, relative to a CPU's per-CPU data, for
    /// [`this_cpu_inc`].
    ///
    /// # Safety
    ///
    /// `index` is less than `N`.
    #[inline(always)]
    pub unsafe fn counter(&self, index: usize) -> usize {
        // SAFETY: By the caller's promise the counter is inside the object.
        unsafe { self.ptr.cast::<usize>().add(index) }.as_ptr() as usize
    }

    /// Adds one to this CPU's counter `index`, in the contexts of [`this_cpu_inc`].
    #[inline(always)]
    pub fn inc(&self, index: usize) {
        assert!(index < N);
        // SAFETY: The counter is there, and the object is live as long as `self`.
        unsafe { this_cpu_inc::<0>(self.counter(index)) };
    }

    /// Returns counter `index` of each possible CPU, read without ordering.
    pub fn each(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.iter().map(move |counters| counters.0[index].read())
    }

    /// Returns the sum of counter `index` over all possible CPUs, each read once and without
    /// ordering.
    pub fn sum(&self, index: usize) -> usize {
        self.each(index).fold(0, usize::wrapping_add)
    }
}

/// Adds one to this CPU's counter at `address`, or to the one `NEXT` words after it.
///
/// On x86-64 it is one instruction: any context, NMI included. On arm64 it is an atomic addition to
/// the counter of the CPU on which the task was just before. No preemption is disabled: a task that
/// is moved to another CPU in between adds to the former one's counter, which no addition of that
/// CPU's is lost by; sums over all CPUs are right. Any context but NMI. Elsewhere, as C's
/// `this_cpu_inc()`.
///
/// # Safety
///
/// `address` was returned by [`PerCpu::counter`], or is a counter's offset in a live per-CPU object
/// added to [`PerCpu::offset`], or is C's per-CPU pointer to a counter; there is a counter `NEXT`
/// words after it. On other CPUs, the counter is read and incremented only.
#[inline(always)]
pub unsafe fn this_cpu_inc<const NEXT: usize>(address: usize) {
    #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)))]
    // SAFETY: By the caller's promise the address, relative to the per-CPU base that GS holds in
    // the kernel, is that of a word of this CPU.
    unsafe {
        core::arch::asm!(
            "inc qword ptr gs:[{address} + {next} * 8]",
            address = in(reg) address,
            next = const NEXT,
            options(nostack),
        )
    };
    #[cfg(all(CONFIG_ARM64, CONFIG_SMP))]
    // SAFETY: By the caller's promise the address, relative to the offset in `tpidr_el1` or
    // `tpidr_el2`, is that of a word of a CPU, to which all others add atomically as well.
    unsafe {
        core::arch::asm!(
            include!(env!("KERNEL_EXT_PERCPU_ARM64")),
            address = in(reg) address.wrapping_add(NEXT * size_of::<usize>()),
            one = in(reg) 1usize,
            counter = out(reg) _,
            old = out(reg) _,
            failed = out(reg) _,
            options(nostack, preserves_flags),
        )
    };
    #[cfg(not(any(
        all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)),
        all(CONFIG_ARM64, CONFIG_SMP)
    )))]
    // SAFETY: By the caller's promise it is a word of per-CPU data.
    unsafe {
        helpers::kernel_ext_this_cpu_inc((address as *mut usize).add(NEXT).cast())
    };
}
