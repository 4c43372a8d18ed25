// SPDX-License-Identifier: GPL-2.0

//! Compiles if `smp_mb()` takes the kind of barrier, as since 7.3.

/// Executes a full barrier.
pub fn probe() {
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Full);
}
