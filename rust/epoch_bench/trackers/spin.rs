// SPDX-License-Identifier: GPL-2.0

//! The list of generations under a spinlock: nothing but `wait` sleeps.

use super::{
    generations::Generations,
    list::ListLock,
    Context, //
};
use kernel::{
    prelude::*,
    static_lock_class,
    str::CStr,
    sync::{
        lock::spinlock::SpinLockBackend,
        LockClassKey, //
    }, //
};

/// Tracks blocks in a list under a spinlock.
pub(crate) type Spin = Generations<SpinLockBackend>;

impl ListLock for SpinLockBackend {
    // A spinlock sleeps with real-time preemption.
    const CONTEXT: Context = if cfg!(CONFIG_PREEMPT_RT) {
        Context::Sleeping
    } else {
        Context::Task
    };

    fn class() -> (&'static CStr, Pin<&'static LockClassKey>) {
        (c"epoch_bench_spin", static_lock_class!())
    }
}
