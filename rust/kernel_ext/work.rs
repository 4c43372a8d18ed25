// SPDX-License-Identifier: GPL-2.0

//! Work items that live inside what they work on.
//!
//! `kernel::workqueue` wants each item in an `Arc` or a `Box` that the queue owns while it is
//! queued; then nobody can wait for it, and a module may be unloaded before it is done.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::{
    barrier::smp_mb_on_each_cpu,
    lockdep::Class, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    container_of,
    prelude::*,
    str::CStr,
    types::Opaque, //
};

/// A workqueue of one's own: not bound to CPUs, and with a thread in reserve, so that work goes on
/// when memory is short.
///
/// # Invariants
///
/// The pointer is that of a live workqueue.
pub struct Queue(NonNull<bindings::workqueue_struct>);

// SAFETY: Workqueues may be used from any task.
unsafe impl Send for Queue {}
// SAFETY: Workqueues may be used from many tasks at the same time.
unsafe impl Sync for Queue {}

impl Queue {
    /// Makes a workqueue that is called `prefix`, cut off at 6 bytes, and `name`, at 25. May sleep.
    pub fn new(prefix: &CStr, name: &CStr) -> Result<Self> {
        // SAFETY: The format takes two strings, and gets them.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                // What fits: the kernel warns of a name that it has to cut off.
                c"%.6s%.25s".as_char_ptr(),
                bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_MEM_RECLAIM,
                1,
                prefix.as_char_ptr(),
                name.as_char_ptr(),
            )
        };
        // INVARIANT: The workqueue is destroyed by `Drop` only.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the workqueue is live; it is not used after this.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}

/// What a work item does.
pub trait Run: Sync {
    /// Called in process context, in a task of the workqueue; never twice at the same time.
    fn run(&self);

    /// The workqueue to run on.
    fn queue(&self) -> &Queue;
}

/// A value with a work item that calls its [`Run::run`].
///
/// Dropping it waits for the work item.
///
/// # Invariants
///
/// `work` is an initialised work item whose function is [`Work::work_fn`].
#[repr(C)]
#[pin_data(PinnedDrop)]
pub struct Work<T: Run> {
    // First, so that its address is that of the whole.
    #[pin]
    work: Opaque<bindings::work_struct>,
    #[pin]
    data: T,
    class: Class,
}

// SAFETY: A work item may be queued from any task.
unsafe impl<T: Run + Send> Send for Work<T> {}
// SAFETY: A work item may be queued from many tasks at the same time.
unsafe impl<T: Run> Sync for Work<T> {}

impl<T: Run> Work<T> {
    /// Makes the value and its work item, which is not queued. Reports of lockdep call it `name`.
    pub fn new<'a, E, I: PinInit<T, E>>(
        data: I,
        name: &'a CStr,
    ) -> impl PinInit<Self, Error> + use<'a, T, E, I>
    where
        Error: From<E>,
    {
        try_pin_init!(Self {
            class: Class::new(name)?,
            // INVARIANT: It is initialised here, with that function.
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid memory, and the class stays as long.
                unsafe {
                    bindings::init_work_with_key(
                        work,
                        Some(Self::work_fn),
                        false,
                        class.name(),
                        class.key(),
                    )
                }
            }),
            data <- data,
        }? Error)
    }

    /// Has [`Run::run`] called after now, once for all calls that come before it begins. Process,
    /// softirq and hardirq context, without the scheduler's locks: it wakes a task.
    pub fn enqueue(&self) {
        // SAFETY: Both are live by their type invariants, and `Drop` waits for the work item.
        unsafe {
            bindings::queue_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                self.data.queue().0.as_ptr(),
                self.work.get(),
            )
        };
    }

    /// Waits until the work that was queued before the call is done. Returns whether it had to wait:
    /// if not, nothing was queued or running. May sleep; not from [`Run::run`].
    pub fn flush(&self) -> bool {
        // Somebody else's `enqueue` may have marked the item as queued, so that another one finds
        // nothing to do, but not have put it on the queue yet. Interrupts are disabled there until it
        // has.
        smp_mb_on_each_cpu();
        // SAFETY: By the type invariant the work item is initialised.
        unsafe { bindings::flush_work(self.work.get()) }
    }

    /// Whether [`Run::run`] is what calls.
    pub fn is_current(&self) -> bool {
        // SAFETY: No requirements.
        unsafe { bindings::current_work() == self.work.get() }
    }

    /// The whole of which `data` is the value.
    ///
    /// # Safety
    ///
    /// `data` is what a `Work<T>` derefs to.
    pub unsafe fn from_data(data: *const T) -> *const Self {
        // SAFETY: By the caller's promise.
        unsafe { container_of!(data, Self, data) }
    }

    /// # Safety
    ///
    /// `work` is the work item of a live `Work<T>`.
    unsafe extern "C" fn work_fn(work: *mut bindings::work_struct) {
        // SAFETY: It is the first field of a `Work<T>`, which lives until its work is done.
        let this = unsafe { &*work.cast_const().cast::<Self>() };
        this.data.run();
    }
}

impl<T: Run> Deref for Work<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Work<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant the work item is initialised.
        unsafe { bindings::cancel_work_sync(self.work.get()) };
    }
}
