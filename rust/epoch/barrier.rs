// SPDX-License-Identifier: GPL-2.0

//! Waiting for callbacks, as `rcu_barrier()` does: a marker is put behind those of each CPU, and
//! counted when the CPU's worker comes to it.

use crate::{
    callback::{
        CpuCallbacks,
        Head, //
    },
    helpers,
    Epoch, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    alloc::flags::__GFP_NOWARN,
    cpu::CpuId,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    }, //
};
use kernel_ext::{
    barrier::full_barrier,
    cpu, //
};

/// Tells when a queue has come to where it was put.
#[repr(C)]
pub(crate) struct Marker {
    // First, so that its address is that of the whole. Its callback is `None`.
    head: Head,
    barrier: *const Barrier,
}

/// Waits for markers.
struct Barrier {
    /// The number of markers that have not been reached, and one while more are added.
    left: Atomic<usize>,
}

impl Marker {
    fn new(barrier: &Barrier) -> Self {
        Self {
            head: Head::new(),
            barrier,
        }
    }

    /// # Safety
    ///
    /// `head` is that of a marker whose barrier waits for it.
    pub(crate) unsafe fn reached(head: *mut Head) {
        // SAFETY: As this function requires.
        let barrier = unsafe { (*head.cast::<Marker>()).barrier };
        // SAFETY: The barrier waits until this is counted; it may be gone after that.
        if unsafe { (*barrier).left.fetch_sub(1, Full) } == 1 {
            // SAFETY: The key is an address, and is not followed.
            unsafe { helpers::epoch_wake_up(barrier.cast()) };
        }
    }
}

impl Barrier {
    /// # Safety
    ///
    /// `arg` points to a [`Barrier`].
    unsafe extern "C" fn is_over(arg: *const c_void) -> bool {
        // SAFETY: As this function requires.
        unsafe { &*arg.cast::<Self>() }.left.load(Acquire) == 0
    }

    /// One without markers.
    fn new() -> Self {
        Self {
            left: Atomic::new(1),
        }
    }

    /// Waits for the markers that were added. May sleep.
    fn wait(&self, mode: helpers::epoch_wait_mode) {
        if self.left.fetch_sub(1, Full) == 1 {
            return;
        }
        let this = ptr::from_ref(self).cast();
        // SAFETY: `is_over` gets what it requires, and this lives until it returns.
        unsafe { helpers::epoch_wait_until(this, Some(Self::is_over), this, mode, 0) };
    }
}

impl Epoch {
    /// Waits until all callbacks that were queued before have returned.
    pub(crate) fn wait_for_callbacks(&self, mode: helpers::epoch_wait_mode) {
        match KVVec::with_capacity(self.cpus().count(), GFP_KERNEL | __GFP_NOWARN) {
            Ok(mut markers) => self.mark_all(&mut markers, mode),
            // Without room for all markers at a time: one CPU after the other.
            Err(_) => {
                for (cpu, callbacks) in cpu::possible().zip(self.cpus()) {
                    let barrier = Barrier::new();
                    let mut marker = Marker::new(&barrier);
                    // SAFETY: The marker stays until the barrier is over.
                    unsafe { callbacks.mark(self, cpu, NonNull::from(&mut marker), &barrier) };
                    barrier.wait(mode);
                }
            }
        }
    }

    /// Puts a marker behind the callbacks of each CPU, and waits for all. There is room for as many.
    fn mark_all(&self, markers: &mut KVVec<Marker>, mode: helpers::epoch_wait_mode) {
        let barrier = Barrier::new();
        let room = markers.spare_capacity_mut();
        for ((cpu, callbacks), marker) in cpu::possible().zip(self.cpus()).zip(room) {
            let marker = NonNull::from(marker.write(Marker::new(&barrier)));
            // SAFETY: The marker stays until the barrier is over.
            unsafe { callbacks.mark(self, cpu, marker, &barrier) };
        }
        barrier.wait(mode);
    }
}

impl CpuCallbacks {
    /// Puts a marker behind all callbacks that were queued before, unless there are none.
    ///
    /// # Safety
    ///
    /// `marker` is one of `barrier`, and stays until that is over. These are those of `epoch` and `cpu`.
    unsafe fn mark(&self, epoch: &Epoch, cpu: CpuId, marker: NonNull<Marker>, barrier: &Barrier) {
        // Whatever has been queued before the caller knew of it is seen here.
        full_barrier();
        if self.is_idle() {
            return;
        }
        barrier.left.fetch_add(1, Full);
        // SAFETY: It is a marker's, which stays until it has been reached; the rest is the caller's
        // promise.
        unsafe { self.queue_marker(epoch, cpu, marker.cast()) };
    }
}
