// SPDX-License-Identifier: GPL-2.0

//! What `include/epoch.h` declares. The kernel-doc there says what the functions promise.

use crate::{
    callback::{
        Callback,
        Head, //
    },
    domain::{
        Domain,
        Section, //
    },
    platform::{
        HeavyBarrier,
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
    str::CStr, //
};
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
use kernel_ext::lockdep::Ip;

/// `EPOCH_RCU`
const EPOCH_RCU: c_int = 0x1;

/// `struct epoch`
type CEpoch = Domain<KernelPlatform>;

// What C knows of `struct epoch` and `struct epoch_context`; and of the counters, that those of exits
// follow those of entries.
const _: () = {
    assert!(CEpoch::OFFSET_OF_ACTIVE == 0);
    assert!(size_of::<Section>() == size_of::<usize>());
    assert!(size_of::<Head>() == 2 * size_of::<usize>());
    assert!(size_of::<Option<Callback>>() == size_of::<usize>());
};

/// # Safety
///
/// `name` is a string.
#[no_mangle]
unsafe extern "C" fn epoch_alloc(name: *const c_char, flags: c_int) -> *const CEpoch {
    let heavy = match flags {
        0 => HeavyBarrier::Ipi,
        EPOCH_RCU => HeavyBarrier::Rcu,
        _ => return ptr::null(),
    };
    // SAFETY: By the caller's promise.
    alloc(unsafe { CStr::from_char_ptr(name) }, heavy)
}

/// # Safety
///
/// `name` is a string.
#[no_mangle]
unsafe extern "C" fn epoch_fenced_alloc(name: *const c_char) -> *const CEpoch {
    // SAFETY: By the caller's promise.
    alloc(unsafe { CStr::from_char_ptr(name) }, HeavyBarrier::Local)
}

/// A box that is given up; null if there is no memory.
fn alloc(name: &CStr, heavy: HeavyBarrier) -> *const CEpoch {
    let epoch = Epoch::build(name, heavy);
    match KBox::pin_init(epoch, GFP_KERNEL) {
        Ok(epoch) => {
            let domain = epoch.as_domain_ptr();
            // `epoch_free` makes a box of it again.
            core::mem::forget(epoch);
            domain
        }
        Err(_) => ptr::null(),
    }
}

/// # Safety
///
/// `epoch` is null, or one of `epoch_alloc` that nobody uses any more.
#[no_mangle]
unsafe extern "C" fn epoch_free(epoch: *const CEpoch) {
    if epoch.is_null() {
        return;
    }
    // SAFETY: By the caller's promise it is live.
    let epoch = ptr::from_ref(unsafe { Epoch::from_domain_ptr(epoch) }).cast_mut();
    // SAFETY: `epoch_alloc` forgot this box, which is pinned until it is dropped here.
    drop(unsafe { Pin::new_unchecked(KBox::from_raw(epoch)) });
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_wait(epoch: *const CEpoch) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.synchronize();
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_wait_expedited(epoch: *const CEpoch) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.synchronize_expedited();
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_wait_killable(epoch: *const CEpoch) -> c_int {
    // SAFETY: By the caller's promise.
    let result = unsafe { Epoch::from_domain_ptr(epoch) }.synchronize_killable();
    result.map_or_else(Error::to_errno, |()| 0)
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`; the others as for [`Epoch::call`].
#[no_mangle]
unsafe extern "C" fn epoch_call(epoch: *const CEpoch, callback: Callback, ctx: NonNull<Head>) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch).call(ctx, callback) };
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_throttle(epoch: *const CEpoch) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.throttle();
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_drain_callbacks(epoch: *const CEpoch) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.barrier();
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_readers(epoch: *const CEpoch) -> c_ulong {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.readers()
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn epoch_grace_periods(epoch: *const CEpoch) -> c_ulong {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.grace_periods()
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[no_mangle]
unsafe extern "C" fn in_epoch(epoch: *const CEpoch) -> bool {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.in_epoch()
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
#[no_mangle]
unsafe extern "C" fn epoch_lockdep_enter(epoch: *const CEpoch, ip: c_ulong) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.enter_lockdep(|| Ip::from_c(ip));
}

/// # Safety
///
/// `epoch` is one of `epoch_alloc`.
#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
#[no_mangle]
unsafe extern "C" fn epoch_lockdep_exit(epoch: *const CEpoch, ip: c_ulong) {
    // SAFETY: By the caller's promise.
    unsafe { Epoch::from_domain_ptr(epoch) }.leave_lockdep(|| Ip::from_c(ip));
}
