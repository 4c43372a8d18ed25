// SPDX-License-Identifier: GPL-2.0

//! How epochs begin and end.
//!
//! An epoch ends when its last reference has gone. What is left to do then may have to wait: for
//! callbacks, for whoever reads a file in sysfs. So a work item does it, unless the one that drops the
//! reference is [willing to wait](Epoch::close). When an epoch is freed, nobody else touches it: it has
//! [left](crate::domain::Domain::has_left) its engine, and its callbacks are
//! [tended](crate::domain::CpuQueue::is_idle) by nobody.

use crate::{
    callback::Callbacks,
    domain::{
        Counter,
        Domain,
        Pace,
        Platform,
        Slot, //
    },
    engine::Patience,
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

/// The number of epochs that have been created and not freed, for tests.
#[cfg(CONFIG_KUNIT = "y")]
pub(crate) fn alive() -> usize {
    ALIVE.load(Relaxed)
}

/// What an epoch needs to begin and end.
#[pin_data]
pub(crate) struct Lifetime {
    references: Refcount,
    /// Frees the epoch; initialised when it is queued.
    #[pin]
    teardown: Opaque<bindings::work_struct>,
    #[pin]
    pub(crate) registration: Registration,
    /// A static has been registered; others always are.
    is_registered: Atomic<u32>,
    pub(crate) files: Files,
    /// What [`Epoch::name`] is; not of a static.
    name: Option<CString>,
}

/// `struct epoch_registration`
#[repr(C)]
#[pin_data]
pub(crate) struct Registration {
    // First: C knows a registration by it.
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

// SAFETY: What is not atomic is accessed by one task at a time: the registration and the files under
// the registry's lock, the work item by whoever drops the last reference.
unsafe impl Send for Lifetime {}
// SAFETY: As for `Send`.
unsafe impl Sync for Lifetime {}

impl Epoch {
    /// Creates an epoch without sections. `name` is for people: of its directory in
    /// `/sys/kernel/epoch`, which appears a little later and gets a number if there is one of that
    /// name. May sleep. [`ENOMEM`] when there is no memory.
    pub fn new(name: &CStr) -> Result<ARef<Self>> {
        Self::build(name, Flavour::Ipi)
    }

    /// Creates an epoch whose normal grace periods wait for RCU grace periods instead of sending
    /// interrupts; two at most under ordinary traffic. Expedited ones interrupt all CPUs, unless some
    /// are isolated. RCU must be watching where sections begin and end: not in the idle loop.
    /// Otherwise as [`Epoch::new`].
    pub fn new_with_rcu(name: &CStr) -> Result<ARef<Self>> {
        Self::build(name, Flavour::Rcu)
    }

    pub(crate) fn build(name: &CStr, flavour: Flavour) -> Result<ARef<Self>> {
        let name = CString::try_from(name)?;
        // SAFETY: It is for an epoch's domain, here; the name is what the epoch keeps.
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
        // SAFETY: Nobody moves it: `free` makes a pinned box of it again.
        let epoch = KBox::into_raw(unsafe { Pin::into_inner_unchecked(epoch) });
        // SAFETY: It is a box's, and comes with a reference.
        let epoch = unsafe { ARef::from_raw(NonNull::new_unchecked(epoch)) };
        // SAFETY: It stays until `shut_down` removes it.
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
        // SAFETY: It is the first field of an epoch's registration.
        unsafe {
            &*container_of!(
                container_of!(registration, Lifetime, registration),
                Epoch,
                lifetime
            )
        }
    }

    /// Drops a reference. If it was the last one, waits until all callbacks have been invoked and the
    /// epoch is freed. Process context; sleeps. Not inside a section of the epoch, and not in one of
    /// its callbacks, where it warns and does not wait.
    pub fn close(epoch: ARef<Self>) {
        might_sleep();
        let wait = !kernel::warn_on!(epoch.is_in_callback());
        // SAFETY: The reference is given up here.
        unsafe { Self::put(ARef::into_raw(epoch), wait) };
    }

    /// Drops a reference. If it was the last one, frees the epoch, or has it freed.
    ///
    /// # Safety
    ///
    /// The caller gives up a reference. It may sleep if it waits.
    pub(crate) unsafe fn put(epoch: NonNull<Self>, wait: bool) {
        // SAFETY: The caller has a reference.
        let this = unsafe { epoch.as_ref() };
        if this.is_static() || !this.lifetime.references.dec_and_test() {
            return;
        }
        if wait {
            // SAFETY: It was the last reference.
            unsafe { Self::free(epoch) };
        } else {
            // SAFETY: Nobody else has the work item.
            unsafe { helpers::epoch_teardown_queue(this.lifetime.teardown.get().cast()) };
        }
    }

    /// Waits until nobody touches the epoch any more, and frees it.
    ///
    /// # Safety
    ///
    /// There is no reference. The caller may sleep, and is no callback of the epoch.
    unsafe fn free(epoch: NonNull<Self>) {
        // SAFETY: It is still there.
        unsafe { epoch.as_ref() }.shut_down();
        // SAFETY: `build` made a box of it, which is pinned until it is dropped here; nobody else
        // has it any more.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(epoch.as_ptr())) });
        #[cfg(CONFIG_KUNIT = "y")]
        ALIVE.fetch_sub(1, Relaxed);
    }

    fn is_static(&self) -> bool {
        self.domain.platform().is_static != 0
    }

    /// Has a static registered, when it is first used. Any context but NMI.
    pub(crate) fn register_static(&self) {
        if self.is_static()
            && self.lifetime.is_registered.load(Relaxed) == 0
            && self.lifetime.is_registered.xchg(1, Relaxed) == 0
        {
            // SAFETY: It is registered once, and stays until its module goes, when it is shut down.
            unsafe { helpers::epoch_register_later(self.registration()) };
        }
    }

    /// Waits until nobody but those who use the epoch touches it any more, who are no more either.
    /// Process context; sleeps.
    fn shut_down(&self) {
        const PAUSE: Delta = Delta::from_micros(50);

        // First: whoever looks at the files of an epoch should not find one that goes. It stays
        // registered as long as it has callbacks, for modules that go.
        // SAFETY: It was registered.
        unsafe { helpers::epoch_retire(self.registration()) };
        self.lifetime.files.remove();
        if self.may_have_readers() {
            self.wait_for_grace_period(Pace::Normal, Patience::Idle);
        }
        // Callbacks may queue others, on any CPU; but nobody else does any more.
        while self.pending() != 0 {
            self.wait_for_callbacks(helpers::EPOCH_IDLE);
            fsleep(PAUSE);
        }
        // SAFETY: It was registered, and is not any more after this.
        unsafe { helpers::epoch_unregister(self.registration()) };
        while !self.has_no_tenders() {
            fsleep(PAUSE);
        }
    }

    /// Whether a section may be open, or its accesses not be over. Nobody enters one any more.
    fn may_have_readers(&self) -> bool {
        let platform = self.domain.platform();
        let was_entered = |slot| platform.sum(Counter::Enter(slot)) != 0;
        // x86 orders the accesses of a section before its last increment; others need a barrier.
        self.domain.readers() != 0 || (!cfg!(CONFIG_X86) && Slot::BOTH.into_iter().any(was_entered))
    }
}

// SAFETY: An epoch stays until its last reference has gone, or is a static; there is no other way to
// get one.
unsafe impl AlwaysRefCounted for Epoch {
    fn inc_ref(&self) {
        if !self.is_static() {
            self.lifetime.references.inc();
        }
    }

    unsafe fn dec_ref(epoch: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { Self::put(epoch, false) };
    }
}

/// Process context.
///
/// # Safety
///
/// `work` is the work item of an epoch that has no reference any more.
#[no_mangle]
unsafe extern "C" fn __epoch_teardown(work: *mut bindings::work_struct) {
    // SAFETY: As this function requires.
    unsafe {
        let lifetime = container_of!(Opaque::cast_from(work), Lifetime, teardown);
        let epoch = container_of!(lifetime, Epoch, lifetime);
        Epoch::free(NonNull::new_unchecked(epoch.cast_mut()));
    }
}

/// Whether an epoch has callbacks pending.
///
/// # Safety
///
/// `node` is that of an epoch that is registered, and stays so.
#[no_mangle]
unsafe extern "C" fn __epoch_has_pending(node: *mut bindings::list_head) -> bool {
    // SAFETY: It is registered, and so valid.
    unsafe { Epoch::from_registration(node) }.pending() != 0
}

/// Waits for an epoch's callbacks. Process context; sleeps.
///
/// # Safety
///
/// As for [`__epoch_has_pending`].
#[no_mangle]
unsafe extern "C" fn __epoch_barrier(node: *mut bindings::list_head) {
    // SAFETY: It is registered, and so valid.
    unsafe { Epoch::from_registration(node) }.wait_for_callbacks(helpers::EPOCH_UNINTERRUPTIBLE);
}

/// Shuts a static down whose module goes.
///
/// # Safety
///
/// `node` is that of a static that is registered, and that nobody uses any more.
#[no_mangle]
unsafe extern "C" fn __epoch_static_gone(node: *mut bindings::list_head) {
    // SAFETY: As this function requires.
    unsafe { Epoch::from_registration(node) }.shut_down();
}
