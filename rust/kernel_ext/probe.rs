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

/// What a function is probed with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// `fprobe`: ftrace's hook at the entry, and its shadow stack for the return.
    Fprobe,
    /// `kretprobe`: a kprobe at the entry, and a return address that is replaced.
    Kretprobe,
}

impl Mechanism {
    /// What is taken if nobody says otherwise: the one that costs less.
    pub const DEFAULT: Self = Self::Fprobe;

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fprobe => "fprobe",
            Self::Kretprobe => "kretprobe",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &BStr) -> Option<Self> {
        [Self::Fprobe, Self::Kretprobe]
            .into_iter()
            .find(|mechanism| **name == *mechanism.name().as_bytes())
    }

    fn is_fprobe(self) -> bool {
        self == Self::Fprobe
    }

    /// Whether the function `symbol` can be probed with it. May sleep.
    pub fn check(self, symbol: &CStr) -> Result {
        // SAFETY: It is a string.
        to_result(unsafe {
            helpers::kernel_ext_probe_check(symbol.as_char_ptr(), self.is_fprobe())
        })
    }
}

/// What is done at the beginnings and ends of calls.
///
/// Both are called in the task that makes the call. By a [`Probe`] they are called with preemption
/// disabled and without a slot, and must not sleep; with a kretprobe that is a breakpoint, they run in what
/// counts as an NMI. By a [`MunmapProbe`](crate::munmap::MunmapProbe) they are called with a slot, and may
/// sleep.
pub trait Handler: Sync {
    /// What one call carries from its beginning to its end.
    type Token;

    /// Whether the current task's calls are of interest. Called first, as [`Handler::enter`] is.
    fn admits(&self) -> bool;

    /// The beginning. [`Handler::leave`] is called if there is a token.
    ///
    /// # Safety
    ///
    /// `slot`, which is below the number that was asked for, is the current task's own until
    /// [`Handler::leave`] has returned; until the end of this if there is no token.
    unsafe fn enter(&self, slot: Option<u32>) -> Option<Self::Token>;

    /// The end.
    ///
    /// # Safety
    ///
    /// [`Handler::enter`] of this handler gave the token, in the same task, and in the same way.
    unsafe fn leave(&self, token: Self::Token);
}

/// A function that is probed; dropping it ends that. Calls that have been entered by then keep their
/// tokens: nobody is told of their return.
///
/// # Invariants
///
/// `raw` was registered, with handlers for an `H` that is valid as long as it is.
pub struct Probe<H: Handler> {
    raw: NonNull<helpers::kernel_ext_probe>,
    _handler: PhantomData<*const H>,
}

// SAFETY: A probe may be asked and ended by any task.
unsafe impl<H: Handler> Send for Probe<H> {}
// SAFETY: Its counters are read at any time.
unsafe impl<H: Handler> Sync for Probe<H> {}

impl<H: Handler> Probe<H> {
    /// Probes the function `symbol`, of which up to `active` calls at a time are followed by a
    /// kretprobe. May sleep.
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
        // What the C side promises.
        const { assert!(align_of::<H::Token>() <= align_of::<c_ulong>()) };

        // SAFETY: The functions take what they are given: a handler by the caller's promise, and a
        // token's place.
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

    /// How many calls were not followed, as far as the probe knows: for want of room, and, with a
    /// kretprobe, for recursion.
    pub fn missed(&self) -> usize {
        // SAFETY: By the type invariant.
        unsafe { helpers::kernel_ext_probe_missed(self.raw.as_ptr()) }
    }

    /// # Safety
    ///
    /// `data` is an `H`, and `token` a place for its token.
    unsafe extern "C" fn enter(data: *mut c_void, token: *mut c_void) -> bool {
        // SAFETY: By the caller's promise.
        let handler = unsafe { &*data.cast_const().cast::<H>() };
        if !handler.admits() {
            return false;
        }
        // SAFETY: There is no slot.
        let Some(value) = (unsafe { handler.enter(None) }) else {
            return false;
        };
        // SAFETY: By the caller's promise; it is aligned as a word is.
        unsafe { token.cast::<H::Token>().write(value) };
        true
    }

    /// # Safety
    ///
    /// `data` is an `H`, and `token` what [`Probe::enter`] has filled, once.
    unsafe extern "C" fn leave(data: *mut c_void, token: *mut c_void) {
        // SAFETY: As this function requires; `enter` has filled the token.
        unsafe { (*data.cast_const().cast::<H>()).leave(token.cast::<H::Token>().read()) };
    }
}

impl<H: Handler> Drop for Probe<H> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered; it is not used after this.
        unsafe { helpers::kernel_ext_probe_unregister(self.raw.as_ptr()) };
    }
}
