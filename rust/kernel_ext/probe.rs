// SPDX-License-Identifier: GPL-2.0

//! Probes of a function's entry and its return, by fprobe or by kretprobe.
//!
//! C headers: [`include/linux/fprobe.h`](srctree/include/linux/fprobe.h),
//! [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

use crate::helpers;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::{
        BStr,
        CStr, //
    }, //
};

/// A mechanism that probes a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// `fprobe`: ftrace's hook at the entry, and its shadow stack for the return.
    Fprobe,
    /// `kretprobe`: a kprobe at the entry, and a return address that is replaced.
    Kretprobe,
}

impl Mechanism {
    /// The default: fprobe, which costs less.
    pub const DEFAULT: Self = Self::Fprobe;

    /// Returns the mechanism's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fprobe => "fprobe",
            Self::Kretprobe => "kretprobe",
        }
    }

    /// Returns the mechanism of this name.
    #[inline]
    pub fn from_name(name: &BStr) -> Option<Self> {
        [Self::Fprobe, Self::Kretprobe]
            .into_iter()
            .find(|mechanism| **name == *mechanism.name().as_bytes())
    }

    fn is_fprobe(self) -> bool {
        self == Self::Fprobe
    }

    /// Checks that the function `symbol` can be probed with this mechanism. May sleep.
    #[inline]
    pub fn check(self, symbol: &CStr) -> Result {
        // SAFETY: `symbol` is NUL-terminated, and valid during the call.
        to_result(unsafe {
            helpers::kernel_ext_probe_check(symbol.as_char_ptr(), self.is_fprobe())
        })
    }
}

/// Functions that are called at the beginnings and ends of calls.
///
/// Both are called in the task that makes the call. A [`Probe`] calls them with preemption disabled
/// and without a slot, and they must not sleep; with a kretprobe that is a breakpoint, they run in
/// a context that counts as an NMI. A [`MunmapProbe`](crate::munmap::MunmapProbe) calls them with a
/// slot, and they may sleep.
pub trait Handler: Sync {
    /// State that a call carries from its beginning to its end.
    type Token;

    /// Returns whether the current task's calls are of interest. Called first, in the context of
    /// [`Handler::enter`].
    fn admits(&self) -> bool;

    /// Handles the beginning of a call. [`Handler::leave`] is called if this returns a token.
    ///
    /// # Safety
    ///
    /// `slot`, which is less than the number that was requested, is the current task's own until
    /// [`Handler::leave`] has returned, or, without a token, until this has returned.
    unsafe fn enter(&self, slot: Option<u32>) -> Option<Self::Token>;

    /// Handles the end of a call.
    ///
    /// # Safety
    ///
    /// [`Handler::enter`] of this handler returned the token, in the same task, and in the same
    /// way.
    unsafe fn leave(&self, token: Self::Token);
}

/// A probe of a function, until it is dropped. Calls that have been entered by then keep their
/// tokens: their returns are not reported.
///
/// # Invariants
///
/// `raw` was registered, with handlers for an `H` that is valid as long as it is.
pub struct Probe<H: Handler> {
    raw: NonNull<helpers::kernel_ext_probe>,
    _handler: PhantomData<*const H>,
}

// SAFETY: Any task may read the counters of a probe, and unregister it.
unsafe impl<H: Handler> Send for Probe<H> {}
// SAFETY: A shared reference only reads counters, which the C side does by `READ_ONCE()`.
unsafe impl<H: Handler> Sync for Probe<H> {}

impl<H: Handler> Probe<H> {
    /// Probes the function `symbol`. A kretprobe follows up to `active` calls at a time. May sleep.
    ///
    /// # Safety
    ///
    /// `handler` is valid until the probe has been dropped.
    pub unsafe fn register(
        symbol: &CStr,
        mechanism: Mechanism,
        active: u32,
        handler: NonNull<H>,
    ) -> Result<Self> {
        // The alignment of a token on the C side.
        const { assert!(align_of::<H::Token>() <= align_of::<c_ulong>()) };

        // SAFETY: The functions take what they are given: a handler, which is valid until the probe
        // has been dropped, and memory for a token.
        let raw = from_err_ptr(unsafe {
            helpers::kernel_ext_probe_register(
                symbol.as_char_ptr(),
                mechanism.is_fprobe(),
                active,
                size_of::<H::Token>(),
                handler.as_ptr().cast(),
                Some(Self::enter),
                Some(Self::leave),
            )
        })?;
        // INVARIANT: It was registered.
        Ok(Self {
            raw: NonNull::new(raw).ok_or(ENOMEM)?,
            _handler: PhantomData,
        })
    }

    /// Returns the number of calls that were not followed, as far as the probe knows: for lack of
    /// room, and, with a kretprobe, for recursion.
    pub fn missed(&self) -> usize {
        // SAFETY: By the type invariant, `raw` is registered.
        unsafe { helpers::kernel_ext_probe_missed(self.raw.as_ptr()) }
    }

    /// # Safety
    ///
    /// `data` points to a valid `H`, and `token` to memory for its token.
    unsafe extern "C" fn enter(data: *mut c_void, token: *mut c_void) -> bool {
        // SAFETY: `data` points to a valid `H`, as this function requires.
        let handler = unsafe { &*data.cast_const().cast::<H>() };
        if !handler.admits() {
            return false;
        }
        // SAFETY: The requirement is on a slot, and there is none.
        let Some(value) = (unsafe { handler.enter(None) }) else {
            return false;
        };
        // SAFETY: `token` is memory for a token, as this function requires; it is aligned as a word
        // is.
        unsafe { token.cast::<H::Token>().write(value) };
        true
    }

    /// # Safety
    ///
    /// `data` points to a valid `H`, and `token` to what [`Probe::enter`] has filled, once.
    unsafe extern "C" fn leave(data: *mut c_void, token: *mut c_void) {
        // SAFETY: `data` points to a valid `H`, and `enter` has filled the token, as this function
        // requires.
        unsafe { (*data.cast_const().cast::<H>()).leave(token.cast::<H::Token>().read()) };
    }
}

impl<H: Handler> Drop for Probe<H> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered; it is not used after this.
        unsafe { helpers::kernel_ext_probe_unregister(self.raw.as_ptr()) };
    }
}
