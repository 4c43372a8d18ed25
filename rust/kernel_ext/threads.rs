// SPDX-License-Identifier: GPL-2.0

//! Running closures in kernel threads, and on other CPUs.

use kernel::{
    bindings,
    cpu::CpuId,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    types::Opaque, //
};

/// A kernel thread that was spawned; dropping it waits for its end.
///
/// # Invariants
///
/// `done` is initialised, and completed by the thread as the last thing it does.
pub struct Thread {
    done: KBox<Opaque<bindings::completion>>,
}

// SAFETY: Any task may wait for a completion.
unsafe impl Send for Thread {}
// SAFETY: It has no methods that take a shared reference.
unsafe impl Sync for Thread {}

/// Argument of a thread.
struct Start<F> {
    f: F,
    done: *mut bindings::completion,
}

/// Runs `f` in a kernel thread. May sleep.
pub fn spawn<F: FnOnce() + Send + 'static>(f: F) -> Result<Thread> {
    /// # Safety
    ///
    /// `start` is the pointer of a `KBox<Start<F>>` that this function shall own.
    unsafe extern "C" fn run<F: FnOnce()>(start: *mut c_void) -> c_int {
        // SAFETY: `start` is such a pointer, as this function requires.
        let start = unsafe { KBox::from_raw(start.cast::<Start<F>>()) };
        let Start { f, done } = KBox::into_inner(start);
        f();
        // Does not return here, where the code may be gone by then.
        // SAFETY: `Thread` keeps the completion until it is completed.
        unsafe { bindings::kthread_complete_and_exit(done, 0) }
    }

    let done = KBox::new(Opaque::uninit(), GFP_KERNEL)?;
    // SAFETY: It is valid memory, and does not move until it is completed.
    unsafe { bindings::init_completion(done.get()) };
    let start = KBox::new(
        Start {
            f,
            done: done.get(),
        },
        GFP_KERNEL,
    )?;
    let start = KBox::into_raw(start);
    // SAFETY: The format takes no arguments, and `run` gets what it expects.
    let task = from_err_ptr(unsafe {
        bindings::kthread_create_on_node(
            Some(run::<F>),
            start.cast(),
            bindings::NUMA_NO_NODE,
            c"rust_closure".as_char_ptr(),
        )
    })
    .inspect_err(|_| {
        // SAFETY: No thread was created, so that `start` is still this function's.
        drop(unsafe { KBox::from_raw(start) });
    })?;
    // SAFETY: The thread was created just now, and waits for this.
    unsafe { bindings::wake_up_process(task) };
    // INVARIANT: The thread runs, and completes it in the end.
    Ok(Thread { done })
}

impl Thread {
    /// Waits until the thread has ended.
    pub fn join(self) {}
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is initialised.
        unsafe { bindings::wait_for_completion(self.done.get()) };
    }
}

/// Runs `f` on `cpu`, with interrupts disabled, and waits for it. Fails if the CPU is offline.
pub fn run_on<F: FnOnce() + Send>(cpu: CpuId, f: F) -> Result {
    /// # Safety
    ///
    /// `info` points to an `Option<F>` that nobody else uses.
    unsafe extern "C" fn call<F: FnOnce()>(info: *mut c_void) {
        // SAFETY: `info` is the caller's alone, as this function requires.
        if let Some(f) = unsafe { (*info.cast::<Option<F>>()).take() } {
            f();
        }
    }

    let mut f = Some(f);
    // Up to 7.2 the last argument is an int.
    #[allow(clippy::useless_conversion)]
    let wait = true.into();
    // SAFETY: `f` is not used by anyone else, and outlives the call, since the call waits.
    to_result(unsafe {
        bindings::smp_call_function_single(
            cpu.as_u32() as c_int,
            Some(call::<F>),
            (&raw mut f).cast(),
            wait,
        )
    })
}
