// SPDX-License-Identifier: GPL-2.0

//! The loop of `types.c` for an epoch as modules in Rust use it.
//!
//! C header: `rust_loops.h`

use core::ptr::NonNull;
use epoch::Epoch;
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};
use kernel_ext::barrier::compiler_barrier;

unsafe extern "C" {
    /// Spends this many nanoseconds; defined in `types.c`.
    safe fn scale_delay(ns: c_uint);
}

#[no_mangle]
extern "C" fn scale_rust_make() -> *mut Epoch {
    match Epoch::new(c"scale_rust") {
        Ok(epoch) => ARef::into_raw(epoch).as_ptr(),
        Err(_) => core::ptr::null_mut(),
    }
}

/// # Safety
///
/// `epoch` was returned by `scale_rust_make` and is not used any more.
#[no_mangle]
unsafe extern "C" fn scale_rust_free(epoch: *mut Epoch) {
    // SAFETY: `scale_rust_make` handed out this reference, which is not used any more.
    Epoch::close(unsafe { ARef::from_raw(NonNull::new_unchecked(epoch)) });
}

#[inline(always)]
fn read(epoch: &Epoch, loops: c_ulong, inside: impl Fn()) {
    for _ in 0..loops {
        let guard = epoch.enter();
        inside();
        compiler_barrier();
        drop(guard);
        compiler_barrier();
    }
}

/// # Safety
///
/// `epoch` was returned by `scale_rust_make`, and has not been freed.
#[no_mangle]
unsafe extern "C" fn scale_rust_read(epoch: *const Epoch, loops: c_ulong) {
    // SAFETY: `scale_rust_make` returned it, and it has not been freed.
    read(unsafe { &*epoch }, loops, || {});
}

/// # Safety
///
/// `epoch` was returned by `scale_rust_make`, and has not been freed.
#[no_mangle]
unsafe extern "C" fn scale_rust_read_delayed(epoch: *const Epoch, loops: c_ulong, ns: c_uint) {
    // SAFETY: `scale_rust_make` returned it, and it has not been freed.
    read(unsafe { &*epoch }, loops, || scale_delay(ns));
}
