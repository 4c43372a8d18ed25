// SPDX-License-Identifier: GPL-2.0

//! The CPUs that there can be.

use kernel::{
    bindings,
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    cpumask::Cpumask, //
};

/// All CPUs that may be online at some time. The set does not change after boot.
///
/// C: `for_each_possible_cpu()`.
pub fn possible() -> impl Iterator<Item = CpuId> {
    let mask = if cfg!(epoch_mutant = "online_cpus") {
        &raw const bindings::__cpu_online_mask
    } else {
        &raw const bindings::__cpu_possible_mask
    };
    // SAFETY: The mask is valid for ever and not written after boot.
    let mask = unsafe { Cpumask::from_raw(mask) };
    (0..nr_cpu_ids())
        .filter_map(CpuId::from_u32)
        .filter(|&cpu| mask.test(cpu))
}
