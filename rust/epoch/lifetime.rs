// SPDX-License-Identifier: GPL-2.0

//! Creation and teardown of epochs.
//!
//! An epoch ends when its last reference has gone. Its teardown may have to wait: for callbacks,
//! for readers of its files in sysfs. So a work item does it, unless the task that drops the
//! reference [may wait](Epoch::close). When an epoch is freed, nobody else touches it: it has
//! [left](crate::domain::Domain::has_left) its engine, and its queues are
//! [idle](crate::domain::CpuQueue::is_idle).

use crate::{
    callback::Callbacks,
    domain::{
        Counter,
        Domain,
        Pace,
        Platform,
        Slot, //
    },
    engine::WaitMode,
    helpers,
    platform::{
        Flavour,
        KernelPlatform, //
    },
    stall::Watch,
    sysfs::Files,
    Epoch, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    container_of,
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        atomic::{
            Atomic,
            Relaxed, //
        },
        Refcount, //
    },
    task::might_sleep,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};
use kernel_ext::lockdep;

/// The number of epochs that have been created and not freed.
#[cfg(CONFIG_KUNIT = "y")]
static ALIVE: Atomic<usize> = Atomic::new(0);

/// Returns the number of epochs that have been created and not freed, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn alive() -> usize {
    ALIVE.load(Relaxed)
}

/// Data for the creation and the teardown of an epoch.
#[pin_data]
pub(crate) struct Lifetime {
    references: Refcount,
    /// The work item that frees the epoch; initialised when it is queued.
    #[pin]
    teardown: Opaque<bindings::work_struct>,
    #[pin]
    pub(crate) registration: Registration,
    /// 1 if the epoch is registered; 0 only for a static before its first use.
    is_registered: Atomic<u32>,
    pub(crate) files: Files,
    /// The name that [`Epoch::name`] returns; `None` for a static.
    name: Option<CString>,
}

/// The entry of an epoch in the registry: `struct epoch_registration`.
#[repr(C)]
#[pin_data]
pub(crate) struct Registration {
    // First: C uses its address as that of the registration.
    #[pin]
    node: Opaque<bindings::list_head>,
    round: c_ulong,
    pins: c_uint,
    is_retired: bool,
}

impl Lifetime {
    fn new(name: CString) -> impl PinInit<Self> {
        pin_init!(Self {
            references: Refcount::new(1),
            teardown <- Opaque::zeroed(),
            registration <- pin_init!(Registration {
                node <- Opaque::zeroed(),
                round: 0,
                pins: 0,
                is_retired: false,
            }),
            is_registered: Atomic::new(1),
            files: Files::new(),
            name: Some(name),
        })
    }
}

// SAFETY: The registry's lock guards its fields.
unsafe impl Send for Registration {}
// SAFETY: The registry's lock guards its fields.
unsafe impl Sync for Registration {}

// SAFETY: Fields that are not atomic are accessed by one task at a time: the registration and the
// files under the registry's lock, the work item by the task that drops the last reference.
unsafe impl Send for Lifetime {}
// SAFETY: Accesses are exclusive as for `Send`, or atomic.
unsafe impl Sync for Lifetime {}

impl Epoch {
    /// Creates an epoch without sections. `name` is for people; it names a directory in
    /// `/sys/kernel/epoch`, which appears a little later and gets a number if the name is taken.
    /// May sleep. Returns [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// // The directory is /sys/kernel/epoch/example.
    /// let epoch = Epoch::new(c"example")?;
    /// # drop(epoch);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(name: &CStr) -> Result<ARef<Self>> {
        Self::build(name, Flavour::Ipi)
    }

    /// Creates an epoch whose normal grace periods wait for RCU grace periods instead of sending
    /// interrupts; two at most under ordinary traffic. Expedited ones interrupt all CPUs, unless
    /// some are isolated. RCU must be watching where sections begin and end: not in the idle loop.
    /// Otherwise as [`Epoch::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new_with_rcu(c"example")?;
    /// drop(epoch.enter());
    /// epoch.synchronize();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new_with_rcu(name: &CStr) -> Result<ARef<Self>> {
        Self::build(name, Flavour::Rcu)
    }

    pub(crate) fn build(name: &CStr, flavour: Flavour) -> Result<ARef<Self>> {
        let name = CString::try_from(name)?;
        // SAFETY: The platform is for an epoch's domain; the epoch keeps `name`.
        let platform = unsafe { KernelPlatform::new(flavour, &name)? };
        let epoch = KBox::pin_init(
            try_pin_init!(Self {
                domain: Domain::new(platform),
                callbacks: Callbacks::new(),
                watch: Watch::new(),
                lockdep <- lockdep::Map::new(&name),
                lifetime <- Lifetime::new(name),
            }? Error),
            GFP_KERNEL,
        )?;
        #[cfg(CONFIG_KUNIT = "y")]
        ALIVE.fetch_add(1, Relaxed);
        // SAFETY: Nobody moves the epoch: `free` makes a pinned box of it again.
        let epoch = KBox::into_raw(unsafe { Pin::into_inner_unchecked(epoch) });
        // SAFETY: The pointer is a leaked box's, so not null; `Lifetime::new` counts this
        // reference.
        let epoch = unsafe { ARef::from_raw(NonNull::new_unchecked(epoch)) };
        // SAFETY: The registration stays until `shut_down` removes it.
        unsafe { helpers::epoch_register(epoch.registration()) };
        Ok(epoch)
    }

    fn registration(&self) -> *mut c_void {
        ptr::from_ref(&self.lifetime.registration).cast_mut().cast()
    }

    /// # Safety
    ///
    /// `node` is that of the registration of an epoch that is valid as long as the result is used.
    pub(crate) unsafe fn from_registration<'a>(node: *mut bindings::list_head) -> &'a Self {
        let registration: *mut Registration = node.cast();
        // SAFETY: `node` is the first field of a live epoch's registration, as this function
        // requires.
        unsafe {
            &*container_of!(
                container_of!(registration, Lifetime, registration),
                Epoch,
                lifetime
            )
        }
    }

    /// Drops a reference. If it was the last one, waits until all callbacks have been invoked and
    /// the epoch is freed. Process context; sleeps. Not inside a section of the epoch, and not in
    /// one of its callbacks, where it warns and does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Deferred, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.defer(Deferred::new(|| (), GFP_KERNEL)?);
    /// // The callback has been invoked when this returns.
    /// Epoch::close(epoch);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn close(epoch: ARef<Self>) {
        might_sleep();
        let wait = !kernel::warn_on!(epoch.is_in_callback());
        // SAFETY: The reference is dropped here; the caller may sleep.
        unsafe { Self::put(ARef::into_raw(epoch), wait) };
    }

    /// Drops a reference. If it was the last one, frees the epoch, or queues that.
    ///
    /// # Safety
    ///
    /// The caller has a reference, which it no longer uses. If `wait`, it may sleep, and is no
    /// callback of the epoch.
    pub(crate) unsafe fn put(epoch: NonNull<Self>, wait: bool) {
        // SAFETY: The caller has a reference.
        let this = unsafe { epoch.as_ref() };
        if this.is_static() || !this.lifetime.references.dec_and_test() {
            return;
        }
        if wait {
            // SAFETY: The last reference was dropped; the caller may sleep, and is no callback, as
            // `put` requires for `wait`.
            unsafe { Self::free(epoch) };
        } else {
            // SAFETY: Only the task that dropped the last reference queues the work item.
            unsafe { helpers::epoch_teardown_queue(this.lifetime.teardown.get().cast()) };
        }
    }

    /// Waits until nobody touches the epoch, and frees it.
    ///
    /// # Safety
    ///
    /// No reference exists. The caller may sleep, and is no callback of the epoch.
    unsafe fn free(epoch: NonNull<Self>) {
        // SAFETY: The epoch is freed below only.
        unsafe { epoch.as_ref() }.shut_down();
        // SAFETY: `build` leaked a box, which is pinned until it is dropped here; nobody else uses
        // it.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(epoch.as_ptr())) });
        #[cfg(CONFIG_KUNIT = "y")]
        ALIVE.fetch_sub(1, Relaxed);
    }

    fn is_static(&self) -> bool {
        self.domain.platform().is_static != 0
    }

    /// Registers a static when it is first used. Any context but NMI.
    pub(crate) fn register_static(&self) {
        if self.is_static()
            && self.lifetime.is_registered.load(Relaxed) == 0
            && self.lifetime.is_registered.xchg(1, Relaxed) == 0
        {
            // SAFETY: The static is registered once, and stays until its module is unloaded, when
            // it is shut down.
            unsafe { helpers::epoch_register_later(self.registration()) };
        }
    }

    /// Waits until nobody touches the epoch, which has no users any more. Process context; sleeps.
    fn shut_down(&self) {
        const PAUSE: Delta = Delta::from_micros(50);

        // First: nobody should find the files of an epoch that is being freed. It stays registered
        // as long as it has callbacks, for modules that are unloaded.
        // SAFETY: The epoch is registered.
        unsafe { helpers::epoch_retire(self.registration()) };
        self.lifetime.files.remove();
        if self.may_have_readers() {
            self.wait_for_grace_period(Pace::Normal, WaitMode::Idle);
        }
        // Callbacks may queue others, on any CPU; nobody else does any more.
        while self.pending() != 0 {
            self.wait_for_callbacks(helpers::EPOCH_IDLE);
            fsleep(PAUSE);
        }
        // SAFETY: The epoch is registered, until this call.
        unsafe { helpers::epoch_unregister(self.registration()) };
        while !self.has_no_tenders() {
            fsleep(PAUSE);
        }
    }

    /// Returns whether a section, or its accesses, may not be over. Nobody enters one any more.
    fn may_have_readers(&self) -> bool {
        let platform = self.domain.platform();
        let was_entered = |slot| platform.sum(Counter::Enter(slot)) != 0;
        // x86 orders the accesses of a section before its last increment; others need a barrier.
        self.domain.readers() != 0 || (!cfg!(CONFIG_X86) && Slot::BOTH.into_iter().any(was_entered))
    }
}

// SAFETY: An epoch is either a static, or counts its references and stays until the last one has
// gone.
unsafe impl AlwaysRefCounted for Epoch {
    fn inc_ref(&self) {
        if !self.is_static() {
            self.lifetime.references.inc();
        }
    }

    unsafe fn dec_ref(epoch: NonNull<Self>) {
        // SAFETY: The caller has a reference, which it no longer uses.
        unsafe { Self::put(epoch, false) };
    }
}

/// Frees an epoch. Process context.
///
/// # Safety
///
/// `work` is the work item of an epoch without a reference.
#[no_mangle]
unsafe extern "C" fn __epoch_teardown(work: *mut bindings::work_struct) {
    // SAFETY: `work` is that of an epoch without a reference, as this function requires.
    unsafe {
        let lifetime = container_of!(Opaque::cast_from(work), Lifetime, teardown);
        let epoch = container_of!(lifetime, Epoch, lifetime);
        Epoch::free(NonNull::new_unchecked(epoch.cast_mut()));
    }
}

/// Returns whether an epoch has pending callbacks.
///
/// # Safety
///
/// `node` is that of an epoch that is registered, and stays so during the call.
#[no_mangle]
unsafe extern "C" fn __epoch_has_pending(node: *mut bindings::list_head) -> bool {
    // SAFETY: The epoch is registered, and so valid.
    unsafe { Epoch::from_registration(node) }.pending() != 0
}

/// Waits for an epoch's callbacks. Process context; sleeps.
///
/// # Safety
///
/// `node` is that of an epoch that is registered, and stays so during the call.
#[no_mangle]
unsafe extern "C" fn __epoch_barrier(node: *mut bindings::list_head) {
    // SAFETY: The epoch is registered, and so valid.
    unsafe { Epoch::from_registration(node) }.wait_for_callbacks(helpers::EPOCH_UNINTERRUPTIBLE);
}

/// Shuts down a static whose module is unloaded.
///
/// # Safety
///
/// `node` is that of a static that is registered and no longer used.
#[no_mangle]
unsafe extern "C" fn __epoch_static_gone(node: *mut bindings::list_head) {
    // SAFETY: `node` is that of a registered static, and so valid.
    unsafe { Epoch::from_registration(node) }.shut_down();
}
