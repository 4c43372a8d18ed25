// SPDX-License-Identifier: GPL-2.0

//! Helpers that the KUnit tests of several crates share.
//!
//! KUnit only notices a failed assertion in the task of the test, so that other tasks hand their
//! verdict back.

use crate::{
    cpu,
    helpers,
    threads::{
        run_on,
        spawn,
        Thread, //
    }, //
};
use kernel::{
    bindings,
    cpu::CpuId,
    cpumask::CpumaskVar,
    current,
    error::to_result,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Sleeps long enough for a task that is not held back to get where it is going.
pub fn a_while() {
    fsleep(Delta::from_millis(20));
}

/// Ends the test as skipped. Call only in the task of the test, and where nothing has to be
/// dropped.
pub fn skip(why: &CStr) {
    // SAFETY: `why` is NUL-terminated, and valid during the call. What is not dropped is leaked,
    // which is safe.
    unsafe { helpers::kernel_ext_skip_test(why.as_char_ptr()) };
}

/// Returns the CPUs that are online.
pub fn online() -> Result<KVec<CpuId>> {
    let mut cpus = KVec::new();
    for cpu in cpu::possible() {
        if run_on(cpu, || ()).is_ok() {
            cpus.push(cpu, GFP_KERNEL)?;
        }
    }
    Ok(cpus)
}

/// Moves the current task to `cpu`, where it stays while the CPU is online.
pub fn move_to(cpu: CpuId) -> Result {
    let mut mask = CpumaskVar::new_zero(GFP_KERNEL)?;
    mask.set(cpu);
    // SAFETY: Task and mask are valid during the call, which copies the mask.
    to_result(unsafe { bindings::set_cpus_allowed_ptr(current!().as_ptr(), mask.as_raw()) })
}

/// Waits until `condition` holds.
pub fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        fsleep(Delta::from_micros(100));
    }
}

/// Creates a number that tasks share, 0 at first.
pub fn shared() -> Result<Arc<Atomic<u32>>> {
    Ok(Arc::new(Atomic::new(0), GFP_KERNEL)?)
}

/// A closure that runs in another task, usually until the test lets it go. Dropping it waits for
/// the closure's return.
pub struct Waiter {
    returned: Arc<Atomic<u32>>,
    thread: Thread,
}

impl Waiter {
    /// Runs `wait` in another task. Returns once that has begun.
    pub fn start(wait: impl FnOnce() + Send + 'static) -> Result<Self> {
        let (started, returned) = (shared()?, shared()?);
        let thread = spawn({
            let (started, returned) = (started.clone(), returned.clone());
            move || {
                started.store(1, Release);
                wait();
                returned.store(1, Release);
            }
        })?;
        wait_until(|| started.load(Acquire) == 1);
        Ok(Self { returned, thread })
    }

    /// Returns whether the closure has returned.
    pub fn has_returned(&self) -> bool {
        self.returned.load(Acquire) != 0
    }

    /// Waits for the closure's return.
    pub fn join(self) {
        self.thread.join();
    }
}

/// Returns whether `wait`, in another task, returns after `leave` and not before.
pub fn returns_after(leave: impl FnOnce(), wait: impl FnOnce() + Send + 'static) -> Result<bool> {
    let waiter = Waiter::start(wait)?;
    a_while();
    let early = waiter.has_returned();
    leave();
    waiter.join();
    Ok(!early)
}
