// SPDX-License-Identifier: GPL-2.0

//! Probes of munmap(2), by the tracepoints `sys_enter` and `sys_exit`, whose probes may sleep.
//!
//! C header: [`include/trace/events/syscalls.h`](srctree/include/trace/events/syscalls.h)

use crate::{
    helpers,
    once::OnceWord,
    probe::Handler,
    task_slots::TaskSlots, //
};
use core::ptr::NonNull;
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

/// Checks that munmap(2) can be probed. Fails with [`EOPNOTSUPP`] if the kernel has no such
/// tracepoints, or their probes must not sleep.
pub fn check() -> Result {
    // SAFETY: No requirements.
    to_result(unsafe { helpers::kernel_ext_munmap_check() })
}

/// A probe of munmap(2), until it is dropped. Calls that have begun by then keep their tokens:
/// their ends are not reported.
///
/// A call whose end is not reported leaves its token in the slot of its task. While the probe
/// lives, that takes a task that dies in the call because the kernel oopsed there: all other calls
/// end by `sys_exit`, killed ones too. If a later task has the same number, [`Handler::leave`] is
/// called in the first system call of that task.
pub struct MunmapProbe<H: Handler> {
    // Dropped first: no function runs after that.
    _registration: Registration,
    calls: Pin<KBox<Calls<H>>>,
}

fn this_task() -> usize {
    current!().pid() as usize
}

/// The calls that are under way.
///
/// # Invariants
///
/// `handler` is valid as long as this is.
struct Calls<H: Handler> {
    handler: NonNull<H>,
    tokens: TaskSlots<H::Token>,
    missed: OnceWord,
}

// SAFETY: Any task may use the handler, which is `Sync`; a token is used by the task that made it.
unsafe impl<H: Handler> Send for Calls<H> {}
// SAFETY: Any task may use the handler, which is `Sync`; tokens are in slots, which are `Sync`.
unsafe impl<H: Handler> Sync for Calls<H> {}

impl<H: Handler> Calls<H> {
    fn handler(&self) -> &H {
        // SAFETY: By the type invariant, `handler` is valid as long as `self`.
        unsafe { self.handler.as_ref() }
    }

    fn begin(&self) {
        // See the type's documentation.
        self.end();
        if !self.handler().admits() {
            return;
        }
        // SAFETY: It is the current task's number, and not 0: idle tasks make no system calls.
        let Some(slot) = (unsafe { self.tokens.claim(this_task()) }) else {
            self.missed.add(1);
            return;
        };
        // SAFETY: The slot is the task's own until its token has been taken and left.
        if let Some(token) = unsafe { self.handler().enter(Some(slot.index())) } {
            slot.put(token);
        }
    }

    fn end(&self) {
        let leave = |token| {
            // SAFETY: `enter` of the same handler returned the token, which is left once.
            unsafe { self.handler().leave(token) };
        };
        // SAFETY: It is the current task's number; `begin` does not call this with a slot.
        unsafe { self.tokens.take(this_task(), leave) };
    }

    /// # Safety
    ///
    /// `data` points to a live `Calls<H>`.
    unsafe extern "C" fn enter(data: *mut c_void) {
        // SAFETY: `data` points to a live `Calls<H>`, as this function requires.
        unsafe { &*data.cast_const().cast::<Self>() }.begin();
    }

    /// # Safety
    ///
    /// `data` points to a live `Calls<H>`.
    unsafe extern "C" fn exit(data: *mut c_void) {
        // SAFETY: `data` points to a live `Calls<H>`, as this function requires.
        unsafe { &*data.cast_const().cast::<Self>() }.end();
    }
}

/// # Invariants
///
/// The probe is registered, with functions and the data that they take.
struct Registration(NonNull<helpers::kernel_ext_munmap_probe>);

// SAFETY: Any task may unregister the probe.
unsafe impl Send for Registration {}
// SAFETY: It has no methods that take a shared reference.
unsafe impl Sync for Registration {}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is registered; it is not used after this.
        unsafe { helpers::kernel_ext_munmap_unregister(self.0.as_ptr()) };
    }
}

impl<H: Handler> MunmapProbe<H> {
    /// Probes munmap(2), and follows `slots` calls at a time, rounded up to a power of two. Fails
    /// with [`EBUSY`] if it is probed already. May sleep.
    ///
    /// # Safety
    ///
    /// `handler` is valid until the probe has been dropped.
    pub unsafe fn register(slots: u32, handler: NonNull<H>) -> Result<Self> {
        // INVARIANT: `handler` is valid until the probe has been dropped, as this function
        // requires.
        let calls = KBox::pin(
            Calls {
                handler,
                tokens: TaskSlots::new(slots)?,
                missed: OnceWord::new(0),
            },
            GFP_KERNEL,
        )?;
        let data = core::ptr::from_ref(&*calls).cast_mut().cast();
        // SAFETY: The functions take the calls, which stay where they are, and are dropped after
        // the registration.
        let raw = from_err_ptr(unsafe {
            helpers::kernel_ext_munmap_register(
                data,
                Some(Calls::<H>::enter),
                Some(Calls::<H>::exit),
            )
        })?;
        Ok(Self {
            // INVARIANT: It was just registered.
            _registration: Registration(NonNull::new(raw).ok_or(ENOMEM)?),
            calls,
        })
    }

    /// Returns the number of calls that were not followed since no slot was free.
    pub fn missed(&self) -> usize {
        self.calls.missed.read()
    }
}
