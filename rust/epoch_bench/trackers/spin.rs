// SPDX-License-Identifier: GPL-2.0

//! The list of generations under a spinlock: nothing but `wait` sleeps.

use super::generations::{
    Blocks,
    Generations,
    ListLock, //
};
use super::Context;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::lock::{
        spinlock::SpinLockBackend,
        Lock, //
    }, //
};
use kernel_ext::sched;

/// Tracks blocks in a list under a spinlock.
pub(crate) type Spin = Generations<SpinLockBackend>;

impl ListLock for SpinLockBackend {
    // A spinlock sleeps with real-time preemption.
    const CONTEXT: Context = if cfg!(CONFIG_PREEMPT_RT) {
        Context::Sleeping
    } else {
        Context::Task
    };

    fn new(blocks: Blocks) -> impl PinInit<Lock<Blocks, Self>> {
        new_spinlock!(blocks, "epoch_bench_spin")
    }

    fn pause() {
        sched::cpu_relax();
    }
}
