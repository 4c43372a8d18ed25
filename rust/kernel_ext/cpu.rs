// SPDX-License-Identifier: GPL-2.0

//! Possible and online CPUs.

use crate::helpers;
use kernel::{
    bindings,
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    cpumask::Cpumask, //
};

/// Returns whether the current CPU is online, and not on its way up or down. Call with preemption
/// disabled.
pub fn this_is_online() -> bool {
    // SAFETY: No requirements.
    unsafe { helpers::kernel_ext_this_cpu_is_online() }
}

/// Returns all CPUs that may be online at some time. The set does not change after boot.
///
/// C: `for_each_possible_cpu()`.
pub fn possible() -> Possible {
    Possible {
        // SAFETY: The mask is valid for ever and not written after boot.
        mask: unsafe { Cpumask::from_raw(&raw const bindings::__cpu_possible_mask) },
        next: 0,
    }
}

/// Iterator over all possible CPUs.
pub struct Possible {
    mask: &'static Cpumask,
    next: u32,
}

impl Iterator for Possible {
    type Item = CpuId;

    #[inline]
    fn next(&mut self) -> Option<CpuId> {
        while self.next < nr_cpu_ids() {
            let cpu = CpuId::from_u32(self.next)?;
            self.next += 1;
            if self.mask.test(cpu) {
                return Some(cpu);
            }
        }
        None
    }
}
