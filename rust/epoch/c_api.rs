// SPDX-License-Identifier: GPL-2.0

//! The C interface, declared and documented in `include/epoch.h`.

use crate::{
    callback::{
        Callback,
        Head, //
    },
    domain::{
        Counter,
        Domain,
        Section,
        Slot, //
    },
    platform::{
        Flavour,
        KernelPlatform, //
    },
    Epoch, //
};
use core::{
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::aref::ARef, //
};
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
use kernel_ext::lockdep::Ip;

/// `EPOCH_RCU`
const EPOCH_RCU: c_int = 0x1;

/// `struct epoch`
type CEpoch = Domain<KernelPlatform>;

// Layouts that C relies on: `struct epoch`, `struct epoch_context`, and the counters, where exits
// follow entries.
const _: () = {
    assert!(CEpoch::OFFSET_OF_ACTIVE == 32);
    assert!(size_of::<Section>() == size_of::<usize>());
    let [first, second] = Slot::BOTH;
    assert!(Counter::Exit(first).index() == Counter::Enter(first).index() + 1);
    assert!(Counter::Exit(second).index() == Counter::Enter(second).index() + 1);
    assert!(size_of::<Head>() == 2 * size_of::<usize>());
    assert!(size_of::<Option<Callback>>() == size_of::<usize>());
};

/// # Safety
///
/// `name` is a valid NUL-terminated string.
#[no_mangle]
unsafe extern "C" fn epoch_alloc(name: *const c_char, flags: c_int) -> *const CEpoch {
    let flavour = match flags {
        0 => Flavour::Ipi,
        EPOCH_RCU => Flavour::Rcu,
        _ => return ptr::null(),
    };
    // SAFETY: `name` is a valid NUL-terminated string, as this function requires.
    alloc(unsafe { CStr::from_char_ptr(name) }, flavour)
}

/// # Safety
///
/// `name` is a valid NUL-terminated string.
#[no_mangle]
unsafe extern "C" fn epoch_fenced_alloc(name: *const c_char) -> *const CEpoch {
    // SAFETY: `name` is a valid NUL-terminated string, as this function requires.
    alloc(unsafe { CStr::from_char_ptr(name) }, Flavour::Fenced)
}

/// Creates an epoch, and leaks the reference for `epoch_free`; returns null if there is no memory.
fn alloc(name: &CStr, flavour: Flavour) -> *const CEpoch {
    match Epoch::build(name, flavour) {
        // `epoch_free` takes the reference back.
        Ok(epoch) => ARef::into_raw(epoch).as_ptr().cast_const().cast(),
        Err(_) => ptr::null(),
    }
}

/// # Safety
///
/// `epoch` is null, or was returned by `epoch_alloc` or `epoch_fenced_alloc` and is no longer used.
#[no_mangle]
unsafe extern "C" fn epoch_free(epoch: *const CEpoch) {
    if let Some(epoch) = NonNull::new(epoch.cast_mut().cast::<Epoch>()) {
        // SAFETY: `alloc` leaked this reference, and the caller no longer uses it.
        Epoch::close(unsafe { ARef::from_raw(epoch) });
    }
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_wait(epoch: *const CEpoch) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.synchronize();
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_wait_expedited(epoch: *const CEpoch) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.synchronize_expedited();
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_wait_killable(epoch: *const CEpoch) -> c_int {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    let result = unsafe { Epoch::from_domain_ptr(epoch) }.synchronize_killable();
    result.map_or_else(Error::to_errno, |()| 0)
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`; `callback` and
/// `ctx` as for [`Epoch::call`].
#[no_mangle]
unsafe extern "C" fn epoch_call(epoch: *const CEpoch, callback: Callback, ctx: NonNull<Head>) {
    // SAFETY: `epoch` is live, and `callback` and `ctx` are as `call` requires.
    unsafe { Epoch::from_domain_ptr(epoch).call(ctx, callback) };
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_throttle(epoch: *const CEpoch) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.throttle();
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_drain_callbacks(epoch: *const CEpoch) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.barrier();
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_readers(epoch: *const CEpoch) -> c_ulong {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.readers()
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn epoch_grace_periods(epoch: *const CEpoch) -> c_ulong {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.grace_periods()
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[no_mangle]
unsafe extern "C" fn in_epoch(epoch: *const CEpoch) -> bool {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.in_epoch()
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
#[no_mangle]
unsafe extern "C" fn epoch_lockdep_enter(epoch: *const CEpoch, ip: c_ulong) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.enter_lockdep(|| Ip::from_c(ip));
}

/// # Safety
///
/// `epoch` is a live epoch of `epoch_alloc`, `epoch_fenced_alloc` or `DEFINE_EPOCH`.
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
#[no_mangle]
unsafe extern "C" fn epoch_lockdep_exit(epoch: *const CEpoch, ip: c_ulong) {
    // SAFETY: `epoch` points to the domain of a live epoch, as this function requires.
    unsafe { Epoch::from_domain_ptr(epoch) }.leave_lockdep(|| Ip::from_c(ip));
}
