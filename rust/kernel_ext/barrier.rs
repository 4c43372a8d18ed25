// SPDX-License-Identifier: GPL-2.0

//! Barriers that `kernel::sync::barrier` does not offer.

use crate::{
    compat::smp_mb,
    helpers, //
};

/// Keeps the compiler from moving memory accesses across it. Any context.
///
/// C: `barrier()`.
#[inline(always)]
pub fn compiler_barrier() {
    // SAFETY: An empty block, which is taken to touch all memory.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
}

/// Executes a full barrier, as C's `smp_mb()`, without a function call on x86-64. Any context.
#[inline(always)]
pub fn full_barrier() {
    #[cfg(CONFIG_X86_64)]
    // SAFETY: It adds 0 to a word of the stack that is not in use: the kernel has no red zone. The
    // block is taken to touch all memory.
    unsafe {
        core::arch::asm!("lock add dword ptr [rsp - 4], 0")
    };
    #[cfg(not(CONFIG_X86_64))]
    smp_mb();
}

/// Executes a full barrier on each online CPU, this one included, between its beginning and its
/// end.
///
/// A CPU that comes online or goes offline concurrently is ordered by the full barriers on its way.
///
/// Returns the number of CPUs that it interrupted. Call with interrupts enabled: it waits for those
/// on the other CPUs.
pub fn smp_mb_on_each_cpu() -> usize {
    // Before the mask of online CPUs is read: a CPU that is missing there orders itself by setting
    // its bit.
    smp_mb();
    // SAFETY: No requirements; in a wrong context the function warns.
    let interrupted = unsafe { helpers::kernel_ext_smp_mb_on_each_cpu() };
    smp_mb();
    interrupted as usize
}
