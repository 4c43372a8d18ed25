// SPDX-License-Identifier: GPL-2.0

//! The loop of `types.c` for an epoch as modules in Rust use it.
//!
//! C header: `rust_loops.h`

use epoch::Epoch;
use kernel::prelude::*;
use kernel_ext::barrier::compiler_barrier;

unsafe extern "C" {
    /// Of `types.c`.
    safe fn scale_delay(ns: c_uint);
}

#[no_mangle]
extern "C" fn scale_rust_make() -> *mut Epoch {
    match KBox::pin_init(Epoch::new(c"scale_rust"), GFP_KERNEL) {
        // SAFETY: `scale_rust_free` makes it a pinned box again, and nobody moves it before.
        Ok(epoch) => KBox::into_raw(unsafe { Pin::into_inner_unchecked(epoch) }),
        Err(_) => core::ptr::null_mut(),
    }
}

/// # Safety
///
/// `scale_rust_make` returned `epoch`, and it is no longer in use.
#[no_mangle]
unsafe extern "C" fn scale_rust_free(epoch: *mut Epoch) {
    // SAFETY: `scale_rust_make` returned `epoch`; it is pinned until it is dropped here.
    drop(unsafe { Pin::new_unchecked(KBox::from_raw(epoch)) });
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
/// `scale_rust_make` returned `epoch`, which outlives the call.
#[no_mangle]
unsafe extern "C" fn scale_rust_read(epoch: *const Epoch, loops: c_ulong) {
    // SAFETY: `epoch` outlives the call, as this function requires.
    read(unsafe { &*epoch }, loops, || {});
}

/// # Safety
///
/// `scale_rust_make` returned `epoch`, which outlives the call.
#[no_mangle]
unsafe extern "C" fn scale_rust_read_delayed(epoch: *const Epoch, loops: c_ulong, ns: c_uint) {
    // SAFETY: `epoch` outlives the call, as this function requires.
    read(unsafe { &*epoch }, loops, || scale_delay(ns));
}
