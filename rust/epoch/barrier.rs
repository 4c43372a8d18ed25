// SPDX-License-Identifier: GPL-2.0

//! Waiting for callbacks, as `rcu_barrier()` does: a marker is queued behind those of each CPU, and
//! counted when the CPU's worker reaches it.

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

/// A pseudo-callback that signals when a queue's worker reaches it.
#[repr(C)]
pub(crate) struct Marker {
    // First, so that its address is that of the whole. Its callback is `None`.
    head: Head,
    barrier: *const Barrier,
}

/// A wait for markers.
struct Barrier {
    /// The number of markers that have not been reached, plus one while more are being added.
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
        // SAFETY: `head` is the first field of a live marker, as this function requires.
        let barrier = unsafe { (*head.cast::<Marker>()).barrier };
        // SAFETY: The barrier waits until this is counted; it may be gone after that.
        if unsafe { (*barrier).left.fetch_sub(1, Full) } == 1 {
            // SAFETY: The key is an address, which is not dereferenced.
            unsafe { helpers::epoch_wake_up(barrier.cast()) };
        }
    }
}

impl Barrier {
    /// # Safety
    ///
    /// `arg` points to a [`Barrier`].
    unsafe extern "C" fn is_over(arg: *const c_void) -> bool {
        // SAFETY: `arg` points to a live `Barrier`, as this function requires.
        unsafe { &*arg.cast::<Self>() }.left.load(Acquire) == 0
    }

    /// Creates a barrier without markers.
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
    /// Waits until all callbacks that were queued before the call have returned.
    pub(crate) fn wait_for_callbacks(&self, mode: helpers::epoch_wait_mode) {
        match KVVec::with_capacity(self.cpus().count(), GFP_KERNEL | __GFP_NOWARN) {
            Ok(mut markers) => self.mark_all(&mut markers, mode),
            // No memory for all markers at a time: one CPU after the other.
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

    /// Queues a marker behind the callbacks of each CPU, and waits for all. `markers` has room for
    /// them.
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
    /// Queues a marker behind all callbacks that were queued before the call, unless there are
    /// none.
    ///
    /// # Safety
    ///
    /// `marker` is one of `barrier`, and stays until that is over. `self` belongs to `epoch` and
    /// `cpu`.
    unsafe fn mark(&self, epoch: &Epoch, cpu: CpuId, marker: NonNull<Marker>, barrier: &Barrier) {
        // Callbacks that the caller knows to be queued are seen below.
        full_barrier();
        if self.is_idle() {
            return;
        }
        barrier.left.fetch_add(1, Full);
        // SAFETY: `marker` stays until it has been reached, and `self` belongs to `epoch` and
        // `cpu`, as this function requires.
        unsafe { self.queue_marker(epoch, cpu, marker.cast()) };
    }
}
