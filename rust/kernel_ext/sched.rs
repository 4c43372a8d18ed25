// SPDX-License-Identifier: GPL-2.0

//! The current task: giving way to others, its context, and being killed.

use crate::helpers;
use kernel::{
    prelude::*,
    types::NotThreadSafe, //
};

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

/// Guard that keeps preemption disabled: the task keeps its CPU, and must not sleep. Any context.
#[must_use = "preemption is enabled again at once"]
pub struct NoPreemption(NotThreadSafe);

impl NoPreemption {
    /// Disables preemption.
    #[inline(always)]
    pub fn new() -> Self {
        // SAFETY: `drop` enables it again, in the same task, since the guard is not `Send`. If it
        // is leaked, that is no memory error.
        unsafe { helpers::kernel_ext_preempt_disable() };
        Self(NotThreadSafe)
    }
}

impl Default for NoPreemption {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NoPreemption {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `new` has disabled preemption, in this task.
        unsafe { helpers::kernel_ext_preempt_enable() };
    }
}

/// Guard that keeps interrupts disabled on this CPU. Any context.
///
/// Guards may be nested; they must be dropped in the reverse order of their creation.
#[must_use = "interrupts are enabled again at once"]
pub struct NoInterrupts {
    flags: c_ulong,
    _this_cpu: NotThreadSafe,
}

impl NoInterrupts {
    /// Disables interrupts.
    #[inline(always)]
    pub fn new() -> Self {
        Self {
            // SAFETY: `drop` restores them, in the same task. If it is leaked, that is no memory
            // error.
            flags: unsafe { helpers::kernel_ext_irq_save() },
            _this_cpu: NotThreadSafe,
        }
    }
}

impl Default for NoInterrupts {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NoInterrupts {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `flags` is what `new` saved, in this task.
        unsafe { helpers::kernel_ext_irq_restore(self.flags) };
    }
}

/// Returns whether interrupts are disabled on this CPU. Any context.
pub fn interrupts_are_disabled() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_irqs_disabled() }
}

/// Returns whether the current task is being killed. Process context.
pub fn fatal_signal_pending() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_fatal_signal_pending() }
}

/// Returns whether the caller runs in an NMI, or in what counts as one, as the handler of a kprobe
/// may.
pub fn in_nmi() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_in_nmi() }
}

/// Returns whether the caller runs in a task, and in no interrupt or NMI.
pub fn in_task() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_in_task() }
}
