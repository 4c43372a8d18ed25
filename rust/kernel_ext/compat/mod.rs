// SPDX-License-Identifier: GPL-2.0

//! Differences between kernel versions, the only place that knows of any.
//!
//! The best way to bridge one is code that compiles with all versions. Where there is none,
//! `probes/NAME.rs` is compiled for the kernel at hand, and `cfg(NAME)` tells whether that worked;
//! `Kbuild` has the list of probes. A probe tells what a version number cannot: a distribution may
//! have backported a change.

use kernel::{
    bindings,
    prelude::*,
    sync::barrier,
    task::Pid, //
};

/// Executes a full memory barrier between CPUs. Any context.
///
/// C: `smp_mb()`.
#[inline(always)]
pub fn smp_mb() {
    // Since 7.3 the kernel's function takes the kind of barrier.
    #[cfg(smp_mb_takes_kind)]
    barrier::smp_mb(barrier::Full);
    #[cfg(not(smp_mb_takes_kind))]
    barrier::smp_mb();
}

/// Executes a memory barrier between CPUs that orders reads. Any context.
///
/// C: `smp_rmb()`.
#[inline(always)]
pub fn smp_rmb() {
    #[cfg(smp_mb_takes_kind)]
    barrier::smp_mb(barrier::Read);
    #[cfg(not(smp_mb_takes_kind))]
    barrier::smp_rmb();
}

/// Waits for an RCU grace period. May sleep.
///
/// C: `synchronize_rcu()`. Up to 7.2 `kernel::sync::rcu` lacks it.
pub fn synchronize_rcu() {
    // SAFETY: No requirements; in a wrong context the function warns.
    unsafe { bindings::synchronize_rcu() };
}

/// Returns the number of the current task's thread group. Process context.
///
/// Up to 7.2 `Task` lacks it.
#[inline(always)]
pub fn current_tgid() -> Pid {
    // SAFETY: The current task is live, and its `tgid` does not change while it runs.
    unsafe { (*current!().as_ptr()).tgid }
}

/// Expands to the [`kernel::ThisModule`] of the crate that uses it.
#[cfg(modules_have_metadata)]
#[expect(clippy::crate_in_macro_def)]
#[macro_export]
macro_rules! this_module {
    () => {
        <crate::LocalModule as ::kernel::ModuleMetadata>::THIS_MODULE
    };
}

/// Expands to the [`kernel::ThisModule`] of the crate that uses it.
#[cfg(not(modules_have_metadata))]
#[expect(clippy::crate_in_macro_def)]
#[macro_export]
macro_rules! this_module {
    () => {
        crate::THIS_MODULE
    };
}

// Up to 7.2 `kernel::error::code` lacks these.

/// Returns the error "operation cancelled".
pub fn ecanceled() -> Error {
    Error::from_errno(-(bindings::ECANCELED as c_int))
}

/// Returns the error "operation not supported".
pub fn eopnotsupp() -> Error {
    Error::from_errno(-(bindings::EOPNOTSUPP as c_int))
}

/// Returns the error "timer expired".
pub fn etime() -> Error {
    Error::from_errno(-(bindings::ETIME as c_int))
}

/// Returns the error "too many users".
pub fn eusers() -> Error {
    Error::from_errno(-(bindings::EUSERS as c_int))
}

/// Returns the error "protocol error".
pub fn eproto() -> Error {
    Error::from_errno(-(bindings::EPROTO as c_int))
}
