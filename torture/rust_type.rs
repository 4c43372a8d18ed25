// SPDX-License-Identifier: GPL-2.0

//! The epoch as modules in Rust use it, as operations of `struct torture_type`.
//!
//! C header: `rust_type.h`

use core::ptr;
use epoch::{
    Cookie,
    Deferred,
    Detached,
    Epoch,
    FencedEpoch,
    FencedGuard,
    Guard, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

/// `struct torture_section`
#[repr(C)]
struct Section([usize; 2]);

const _: () = {
    assert!(size_of::<Guard<'_>>() <= size_of::<Section>());
    assert!(size_of::<Detached<'_>>() <= size_of::<Section>());
    assert!(size_of::<FencedGuard<'_>>() <= size_of::<Section>());
};

/// `struct torture_callback`
type Callback = c_void;

unsafe extern "C" {
    fn torture_done(callback: *mut Callback);
}

/// # Safety
///
/// `structure` was returned by `epoch_alloc` or `epoch_fenced_alloc`, and has not been freed.
unsafe fn epoch<'a>(structure: *const Epoch) -> &'a Epoch {
    // SAFETY: Those functions return the address of an epoch, which has not been freed.
    unsafe { &*structure }
}

/// # Safety
///
/// As for [`epoch()`]; `section` may be written.
#[no_mangle]
unsafe extern "C" fn torture_rust_enter(structure: *const Epoch, section: *mut Section) {
    // SAFETY: `structure` is a live epoch, as this function requires.
    let guard = unsafe { epoch(structure) }.enter();
    // SAFETY: `section` may be written, and a guard fits in.
    unsafe { section.cast::<Guard<'_>>().write(guard) };
}

/// # Safety
///
/// `torture_rust_enter` wrote `section` in this task, and it is left once.
#[no_mangle]
unsafe extern "C" fn torture_rust_exit(_structure: *const Epoch, section: *mut Section) {
    // SAFETY: There is a guard, which is taken once.
    drop(unsafe { section.cast::<Guard<'_>>().read() });
}

/// # Safety
///
/// As for [`epoch()`]; `section` may be written.
#[no_mangle]
unsafe extern "C" fn torture_rust_enter_detached(structure: *const Epoch, section: *mut Section) {
    // SAFETY: `structure` is a live epoch, as this function requires.
    let detached = unsafe { epoch(structure) }.enter_detached();
    // SAFETY: `section` may be written, and a detached section fits in.
    unsafe { section.cast::<Detached<'_>>().write(detached) };
}

/// # Safety
///
/// `torture_rust_enter_detached` wrote `section`, and it is left once.
#[no_mangle]
unsafe extern "C" fn torture_rust_exit_detached(_structure: *const Epoch, section: *mut Section) {
    // SAFETY: There is a detached section, which is taken once.
    drop(unsafe { section.cast::<Detached<'_>>().read() });
}

/// # Safety
///
/// `structure` was returned by `epoch_fenced_alloc`, and has not been freed; `section` may be
/// written.
#[no_mangle]
unsafe extern "C" fn torture_rust_fenced_enter(structure: *const Epoch, section: *mut Section) {
    // SAFETY: A `FencedEpoch` is a pointer to an epoch with fences, which this borrows.
    let fenced = unsafe { &*ptr::from_ref(&structure).cast::<FencedEpoch>() };
    // SAFETY: `section` may be written, and a guard fits in.
    unsafe { section.cast::<FencedGuard<'_>>().write(fenced.enter()) };
}

/// # Safety
///
/// `torture_rust_fenced_enter` wrote `section` in this task, and it is left once.
#[no_mangle]
unsafe extern "C" fn torture_rust_fenced_exit(_structure: *const Epoch, section: *mut Section) {
    // SAFETY: There is a guard, which is taken once.
    drop(unsafe { section.cast::<FencedGuard<'_>>().read() });
}

/// # Safety
///
/// As for [`epoch()`]; process context.
#[no_mangle]
unsafe extern "C" fn torture_rust_timeout(structure: *const Epoch, ns: u64) -> c_int {
    // SAFETY: `structure` is a live epoch, as this function requires.
    let result = unsafe { epoch(structure) }.synchronize_timeout(Delta::from_nanos(ns as i64));
    result.map_or_else(Error::to_errno, |()| 0)
}

/// # Safety
///
/// As for [`epoch()`].
#[no_mangle]
unsafe extern "C" fn torture_rust_snapshot(structure: *const Epoch) -> c_ulong {
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.snapshot().into_raw()
}

/// # Safety
///
/// As for [`epoch()`].
#[no_mangle]
unsafe extern "C" fn torture_rust_start_poll(structure: *const Epoch) -> c_ulong {
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.start_poll().into_raw()
}

/// # Safety
///
/// As for [`epoch()`].
#[no_mangle]
unsafe extern "C" fn torture_rust_poll(structure: *const Epoch, cookie: c_ulong) -> bool {
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.poll(Cookie::from_raw(cookie))
}

/// A pointer that a closure takes to another task.
struct SendPtr(*mut Callback);

// SAFETY: The callback is passed on, and used by nobody else.
unsafe impl Send for SendPtr {}

impl SendPtr {
    fn done(self) {
        // SAFETY: `torture_rust_defer` was promised that the callback is valid until it is invoked.
        unsafe { torture_done(self.0) };
    }
}

/// # Safety
///
/// As for [`epoch()`]; process context. `callback` is valid until it is invoked.
#[no_mangle]
unsafe extern "C" fn torture_rust_defer(structure: *const Epoch, callback: *mut Callback) -> bool {
    let callback = SendPtr(callback);
    let Ok(deferred) = Deferred::new(move || callback.done(), GFP_KERNEL) else {
        return false;
    };
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.defer(deferred);
    true
}

/// # Safety
///
/// As for [`epoch()`]; process context.
#[no_mangle]
unsafe extern "C" fn torture_rust_heavy_barrier(structure: *const Epoch) {
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.heavy_barrier();
}

/// # Safety
///
/// As for [`epoch()`]; nobody else uses the epoch yet.
#[no_mangle]
unsafe extern "C" fn torture_rust_start_before_wrap(structure: *const Epoch, distance: c_ulong) {
    // SAFETY: `structure` is a live epoch, as this function requires.
    unsafe { epoch(structure) }.start_before_wrap(distance);
}
