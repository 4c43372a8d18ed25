// SPDX-License-Identifier: GPL-2.0

//! FreeBSD's tracker of 2016: the list of generations under one mutex that sleeps.
//!
//! FreeBSD's mutex spins while its owner runs, and so does Linux's.

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
        lock::mutex::MutexBackend,
        LockClassKey, //
    }, //
};

/// Tracks blocks in a list under a mutex.
pub(crate) type Mutex = Generations<MutexBackend>;

impl ListLock for MutexBackend {
    const CONTEXT: Context = Context::Sleeping;

    fn class() -> (&'static CStr, Pin<&'static LockClassKey>) {
        (c"epoch_bench_mutex", static_lock_class!())
    }
}
