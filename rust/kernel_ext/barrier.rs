// SPDX-License-Identifier: GPL-2.0

//! Barriers that `kernel::sync::barrier` does not offer.

use crate::helpers;
use kernel::sync::barrier::{
    smp_mb,
    Full, //
};

/// A compiler barrier: the compiler moves no memory access across it. Any context.
///
/// C: `barrier()`.
#[inline(always)]
pub fn compiler_barrier() {
    // SAFETY: An empty block, which is taken to touch all memory.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
}

/// A full barrier, as C's `smp_mb()`, without a function call on x86-64. Any context.
#[inline(always)]
pub fn full_barrier() {
    #[cfg(CONFIG_X86_64)]
    // SAFETY: It adds 0 to a word of the stack that is not in use: the kernel has no red zone. The block
    // is taken to touch all memory.
    unsafe {
        core::arch::asm!("lock add dword ptr [rsp - 4], 0")
    };
    #[cfg(not(CONFIG_X86_64))]
    smp_mb(Full);
}

/// A full barrier on each online CPU, this one included, between its beginning and its end.
///
/// A CPU that comes online or goes offline meanwhile is ordered by the full barriers on its way.
///
/// Returns the number of CPUs that it interrupted. Interrupts enabled: it waits for those on the other
/// CPUs.
pub fn smp_mb_on_each_cpu() -> usize {
    // Before the look at the mask of online CPUs: a CPU that is missing there orders itself by
    // setting its bit.
    smp_mb(Full);
    // SAFETY: The context is the caller's business; in a wrong one the function warns.
    let interrupted = unsafe { helpers::kernel_ext_smp_mb_on_each_cpu() };
    smp_mb(Full);
    interrupted as usize
}
