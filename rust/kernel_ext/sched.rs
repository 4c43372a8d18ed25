// SPDX-License-Identifier: GPL-2.0

//! The current task: giving way to others, and being killed.

use crate::helpers;

/// Lets another task run if one should. Process context.
pub fn cond_resched() {
    // SAFETY: No requirements; in a wrong context the function warns.
    unsafe { helpers::kernel_ext_cond_resched() };
}

/// Tells the CPU that it is in a busy loop. Any context.
pub fn cpu_relax() {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_cpu_relax() };
}

/// Whether the current task is being killed. Process context.
pub fn fatal_signal_pending() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_fatal_signal_pending() }
}

/// Whether it runs in an NMI, or in what counts as one, as the handler of a kprobe may.
pub fn in_nmi() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_in_nmi() }
}
