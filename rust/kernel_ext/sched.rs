// SPDX-License-Identifier: GPL-2.0

//! Giving way to others.

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
