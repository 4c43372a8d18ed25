// SPDX-License-Identifier: GPL-2.0

//! SRCU-fast, whose readers have no fence; the `kernel` crate only has the other flavour.
//!
//! C header: [`include/linux/srcu.h`](srctree/include/linux/srcu.h)

use crate::helpers;
#[cfg(all(
    CONFIG_TREE_SRCU,
    not(CONFIG_NEED_SRCU_NMI_SAFE),
    not(CONFIG_PROVE_RCU)
))]
use crate::{
    barrier::compiler_barrier,
    percpu::this_cpu_inc, //
};
#[cfg(all(
    CONFIG_TREE_SRCU,
    not(CONFIG_NEED_SRCU_NMI_SAFE),
    not(CONFIG_PROVE_RCU)
))]
use core::mem::offset_of;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

/// An SRCU-fast domain.
///
/// # Invariants
///
/// `inner` is initialised, for SRCU-fast.
#[pin_data(PinnedDrop)]
pub struct SrcuFast {
    #[pin]
    inner: Opaque<bindings::srcu_struct>,
}

// SAFETY: Any task may use an `srcu_struct`, and clean it up.
unsafe impl Send for SrcuFast {}
// SAFETY: Any number of tasks may use an `srcu_struct` at the same time.
unsafe impl Sync for SrcuFast {}

impl SrcuFast {
    /// Creates a domain without readers. May sleep.
    pub fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // INVARIANT: It is initialised here.
            inner <- Opaque::try_ffi_init(|srcu: *mut bindings::srcu_struct| {
                // SAFETY: `srcu` is memory for one, which stays where it is.
                to_result(unsafe { helpers::kernel_ext_srcu_fast_init(srcu.cast()) })
            }),
        })
    }

    /// Enters a read-side section. Call where RCU is watching.
    #[inline(always)]
    pub fn read_lock(&self) -> SrcuFastGuard<'_> {
        let counters = self.enter();
        // INVARIANT: The section was just entered, and gave `counters`.
        SrcuFastGuard {
            srcu: self,
            counters,
            _not_send: NotThreadSafe,
        }
    }

    /// Enters a section as `srcu_read_lock_fast_notrace()` does, but inlined: the kernel's cannot
    /// be.
    #[cfg(all(
        CONFIG_TREE_SRCU,
        not(CONFIG_NEED_SRCU_NMI_SAFE),
        not(CONFIG_PROVE_RCU)
    ))]
    #[inline(always)]
    fn enter(&self) -> usize {
        // SAFETY: By the type invariant, `inner` is initialised.
        let current = unsafe { &raw const (*self.inner.get()).srcu_ctrp };
        // SAFETY: By the type invariant, `inner` is initialised. Grace periods write the pointer at
        // the same time, in one access.
        let counters = unsafe { current.read_volatile() } as usize;
        const ENTRIES: usize = offset_of!(bindings::srcu_ctr, srcu_locks) / size_of::<usize>();
        // SAFETY: `counters` is C's per-CPU pointer to the counters of `inner`.
        unsafe { this_cpu_inc::<ENTRIES>(counters) };
        // Keeps the section's accesses behind it; pairs with the barriers in `synchronize_srcu()`.
        compiler_barrier();
        counters
    }

    /// Leaves a section as `srcu_read_unlock_fast_notrace()` does, but inlined: the kernel's cannot
    /// be.
    ///
    /// # Safety
    ///
    /// The section was entered, which gave `counters`.
    #[cfg(all(
        CONFIG_TREE_SRCU,
        not(CONFIG_NEED_SRCU_NMI_SAFE),
        not(CONFIG_PROVE_RCU)
    ))]
    #[inline(always)]
    unsafe fn exit(&self, counters: usize) {
        // Keeps the section's accesses before it; pairs as in `enter`.
        compiler_barrier();
        const EXITS: usize = offset_of!(bindings::srcu_ctr, srcu_unlocks) / size_of::<usize>();
        // SAFETY: `counters` is C's per-CPU pointer to the counters of `inner`.
        unsafe { this_cpu_inc::<EXITS>(counters) };
    }

    #[cfg(not(all(
        CONFIG_TREE_SRCU,
        not(CONFIG_NEED_SRCU_NMI_SAFE),
        not(CONFIG_PROVE_RCU)
    )))]
    fn enter(&self) -> usize {
        // SAFETY: By the type invariant, `inner` is initialised.
        unsafe { helpers::kernel_ext_srcu_fast_read_lock(self.inner.get().cast()) as usize }
    }

    /// # Safety
    ///
    /// The section was entered, which gave `counters`.
    #[cfg(not(all(
        CONFIG_TREE_SRCU,
        not(CONFIG_NEED_SRCU_NMI_SAFE),
        not(CONFIG_PROVE_RCU)
    )))]
    unsafe fn exit(&self, counters: usize) {
        // SAFETY: The section was entered, which gave `counters`, as this function requires.
        unsafe {
            helpers::kernel_ext_srcu_fast_read_unlock(
                self.inner.get().cast(),
                counters as *mut c_void,
            )
        };
    }

    /// Waits until every section that was entered before the call has been left. Process context;
    /// sleeps.
    pub fn synchronize(&self) {
        // SAFETY: By the type invariant, `inner` is initialised.
        unsafe { bindings::synchronize_srcu(self.inner.get()) };
    }

    /// Waits until every section that was entered before the call has been left, in an expedited
    /// grace period, which does not wait for timers. Process context; sleeps.
    pub fn synchronize_expedited(&self) {
        // SAFETY: By the type invariant, `inner` is initialised.
        unsafe { bindings::synchronize_srcu_expedited(self.inner.get()) };
    }
}

#[pinned_drop]
impl PinnedDrop for SrcuFast {
    fn drop(self: Pin<&mut Self>) {
        // A reader whose guard was leaked must not outlive it: better to wait for ever.
        self.synchronize();
        // SAFETY: By the type invariant, `inner` is initialised; nobody uses it any more, and no
        // callbacks were queued.
        unsafe { bindings::cleanup_srcu_struct(self.inner.get()) };
    }
}

/// A read-side section; dropping it leaves the section.
///
/// # Invariants
///
/// The section was entered in `srcu`, which gave `counters`, and is left by `drop`.
#[must_use = "the section is left when the guard is dropped, at once if it is unused"]
pub struct SrcuFastGuard<'a> {
    srcu: &'a SrcuFast,
    counters: usize,
    _not_send: NotThreadSafe,
}

impl Drop for SrcuFastGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the type invariant, the section was entered, which gave `counters`.
        unsafe { self.srcu.exit(self.counters) };
    }
}
