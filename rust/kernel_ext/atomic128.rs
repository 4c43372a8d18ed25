// SPDX-License-Identifier: GPL-2.0

//! A pair of words that is compared and exchanged as one: x86-64's `cmpxchg16b`.
//!
//! C has `cmpxchg128()` for it, which the `kernel` crate does not wrap.

use crate::barrier::compiler_barrier;
use core::cell::UnsafeCell;

/// Index of one of the two words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Half {
    /// The first, at the lower address.
    First,
    /// The second.
    Second,
}

/// Two words that tasks may read and write concurrently, each by itself or both as one.
///
/// On x86-64, a locked access of both and one of a half are ordered like any others of the same
/// memory, and the locked one is a full barrier.
#[repr(C, align(16))]
pub struct AtomicPair(UnsafeCell<[u64; 2]>);

// SAFETY: All accesses through a shared reference are single-copy atomic.
unsafe impl Sync for AtomicPair {}

/// Returns whether the CPU supports [`AtomicPair::compare_exchange`]. Slow: in a virtual machine,
/// the hypervisor answers.
pub fn is_supported() -> bool {
    #[cfg(CONFIG_X86_64)]
    {
        // Newer compilers declare the function as safe.
        #[allow(unused_unsafe)]
        // SAFETY: Each x86-64 CPU has the instruction, and this leaf.
        let features = unsafe { core::arch::x86_64::__cpuid(1) };
        features.ecx & (1 << 13) != 0
    }
    #[cfg(not(CONFIG_X86_64))]
    false
}

impl AtomicPair {
    /// Creates a pair that holds `words`.
    pub const fn new(words: [u64; 2]) -> Self {
        Self(UnsafeCell::new(words))
    }

    #[inline(always)]
    fn half(&self, half: Half) -> *mut u64 {
        let words: *mut u64 = self.0.get().cast();
        words.wrapping_add(match half {
            Half::First => 0,
            Half::Second => 1,
        })
    }

    /// Reads a word, without ordering. C: `READ_ONCE()`.
    #[inline(always)]
    pub fn load_relaxed(&self, half: Half) -> u64 {
        // SAFETY: It is a live, aligned word. A volatile access of one is a marked access in the
        // kernel's memory model: it does not race with others.
        unsafe { self.half(half).read_volatile() }
    }

    /// Reads a word. An acquire. C: `smp_load_acquire()`.
    #[inline(always)]
    pub fn load_acquire(&self, half: Half) -> u64 {
        let word = self.load_relaxed(half);
        // A load is an acquire on x86-64, if the compiler moves nothing before it. Pairs with any
        // access that is a release.
        compiler_barrier();
        word
    }

    /// Writes a word, without ordering. C: `WRITE_ONCE()`.
    #[inline(always)]
    pub fn store_relaxed(&self, half: Half, word: u64) {
        // SAFETY: It is a live, aligned word. A volatile access of one is a marked access, which
        // does not race with others.
        unsafe { self.half(half).write_volatile(word) };
    }

    /// Sets bits of a word. A full barrier.
    #[cfg(CONFIG_X86_64)]
    #[inline(always)]
    pub fn or(&self, half: Half, bits: u64) {
        // SAFETY: It is a live, aligned word. The block is taken to touch all memory.
        unsafe {
            core::arch::asm!(
                "lock or qword ptr [{word}], {bits}",
                word = in(reg) self.half(half),
                bits = in(reg) bits,
                options(nostack),
            )
        };
    }

    /// Replaces `old` with `new`, if the pair is `old`, and returns whether it was. A full barrier
    /// in either case. Call only where [`is_supported`] returns `true`.
    #[cfg(CONFIG_X86_64)]
    #[inline(always)]
    pub fn compare_exchange(&self, old: [u64; 2], new: [u64; 2]) -> bool {
        let exchanged: u64;
        // SAFETY: The pair is live and aligned to 16 bytes. The block is taken to touch all memory.
        // It preserves RBX, which LLVM reserves; so the address must not be in it, and gets a
        // register of its own. A CPU without the instruction traps.
        unsafe {
            core::arch::asm!(
                "xchg {first}, rbx",
                "lock cmpxchg16b xmmword ptr [rdi]",
                "sete cl",
                "mov rbx, {first}",
                first = inout(reg) new[0] => _,
                in("rdi") self.0.get(),
                inout("rcx") new[1] => exchanged,
                inout("rax") old[0] => _,
                inout("rdx") old[1] => _,
                options(nostack),
            )
        };
        exchanged as u8 != 0
    }

    /// Panics: not supported on this architecture.
    #[cfg(not(CONFIG_X86_64))]
    pub fn or(&self, _half: Half, _bits: u64) {
        unreachable!("not supported on this architecture");
    }

    /// Panics: not supported on this architecture.
    #[cfg(not(CONFIG_X86_64))]
    pub fn compare_exchange(&self, _old: [u64; 2], _new: [u64; 2]) -> bool {
        unreachable!("not supported on this architecture");
    }
}
