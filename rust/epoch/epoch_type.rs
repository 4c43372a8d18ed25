// SPDX-License-Identifier: GPL-2.0

//! [`Epoch`] and the guard of its sections.

use crate::{
    callback::{
        Callback,
        Callbacks,
        Deferred,
        Head, //
    },
    detector::{
        Detector,
        Patience, //
    },
    domain::{
        Cookie,
        Domain,
        Pace,
        Section, //
    },
    platform::{
        HeavyBarrier,
        KernelPlatform, //
    },
    stall::Watch,
    sysfs, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    container_of,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Full, //
        },
        static_lock_class,
        LockClassKey,
        Mutex, //
    },
    task::might_sleep,
    time::{
        Delta,
        Instant, //
    }, //
};
use kernel_ext::{
    kobject::Folder,
    work::{
        Queue,
        Run,
        Work, //
    }, //
};

/// Creates an [`Epoch`] initialiser with the given name and a lock class of its own.
#[macro_export]
macro_rules! new_epoch {
    ($name:literal) => {
        $crate::Epoch::new(::kernel::c_str!($name), ::kernel::static_lock_class!())
    };
}

/// A set of read-side sections that an updater can wait for.
///
/// Epochs know nothing of each other: a section of one does not delay a grace period of another.
///
/// Dropping an epoch waits for its sections and its callbacks, so it may sleep; no section can be
/// open then, since each [`Guard`] borrows the epoch, unless one was leaked. Then the drop never
/// ends, which is better than what its reader would find.
#[pin_data(PinnedDrop)]
#[repr(C)]
pub struct Epoch {
    // First, so that its address is that of the whole.
    #[pin]
    inner: Work<Inner>,
    sysfs: Folder<Inner>,
}

/// What an epoch shares with the work item that runs its callbacks, and with its files in sysfs.
#[pin_data]
pub(crate) struct Inner {
    pub(crate) domain: Domain<KernelPlatform>,
    #[pin]
    detector: Mutex<()>,
    pub(crate) callbacks: Callbacks,
    pub(crate) watch: Watch,
    /// Somebody polls for a grace period that nobody waits for.
    requested: Atomic<bool>,
    queue: Queue,
}

/// What lockdep calls the detector's lock. Lockdep wants one address for the name of a class, which a
/// literal that is compiled into several modules does not have.
static DETECTOR: &CStr = c"epoch_detector";

impl Inner {
    fn new(name: &CStr, heavy: HeavyBarrier) -> impl PinInit<Self, Error> + use<'_> {
        try_pin_init!(Self {
            domain: Domain::new(KernelPlatform::new(heavy)?),
            detector <- Mutex::new((), DETECTOR, static_lock_class!()),
            callbacks: Callbacks::new()?,
            watch: Watch::new(name)?,
            requested: Atomic::new(false),
            queue: Queue::new(c"epoch_", name)?,
        })
    }

    /// Returns whether a grace period has passed, which is certain if the patience is endless.
    fn synchronize(&self, pace: Pace, patience: Patience) -> bool {
        let detector = Detector {
            lock: &self.detector,
            domain: &self.domain,
            watch: &self.watch,
            patience,
        };
        self.domain.synchronize(&detector, pace)
    }
}

impl Run for Inner {
    fn run(&self) {
        // Before the grace period; pairs with the full ordering of `Epoch::start_poll`.
        let requested = self.requested.xchg(false, Full);
        let batch = self.callbacks.take_all();
        if batch.is_empty() && !requested {
            return;
        }
        self.synchronize(Pace::Normal, Patience::Endless);
        // SAFETY: That was the grace period.
        unsafe { self.callbacks.invoke(batch) };
    }

    fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl Epoch {
    /// Makes an epoch without sections. `name` is for people: it names the workqueue, and the folder
    /// in `/sys/kernel/epoch`, with a number if there is one of that name. Use [`new_epoch!`] for a
    /// lock class. May sleep.
    pub fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self, Error> {
        Self::build(name, HeavyBarrier::Ipi, name, key)
    }

    /// The same, but a grace period waits for one of RCU, twice, instead of interrupting the CPUs; it
    /// takes milliseconds, and an expedited one does interrupt them. RCU must be watching where
    /// sections begin and end: not in the idle loop.
    pub fn new_with_rcu(
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self, Error> {
        Self::build(name, HeavyBarrier::Rcu, name, key)
    }

    /// For `FencedEpoch`, which gives its readers the barriers that this one's rely on.
    pub(crate) fn with_fenced_readers(
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self, Error> {
        Self::build(name, HeavyBarrier::Local, name, key)
    }

    /// `name` need not stay.
    pub(crate) fn build<'a>(
        name: &'a CStr,
        heavy: HeavyBarrier,
        class: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self, Error> + use<'a> {
        try_pin_init!(Self {
            sysfs: sysfs::folder(name)?,
            inner <- Work::new(Inner::new(sysfs.name(), heavy), class, key),
            _: {
                // SAFETY: `inner` is pinned, and goes with the epoch, whose `drop` removes the folder
                // first; if this fails, it has removed the folder.
                unsafe { sysfs::fill(sysfs, NonNull::from(&**inner))? };
            },
        })
    }

    /// What C knows an epoch by: the address of its [`Domain`].
    pub(crate) fn as_domain_ptr(&self) -> *const Domain<KernelPlatform> {
        &raw const self.inner.domain
    }

    /// # Safety
    ///
    /// `domain` was given by [`Epoch::as_domain_ptr`] of a live epoch.
    pub(crate) unsafe fn from_domain_ptr<'a>(domain: *const Domain<KernelPlatform>) -> &'a Self {
        // SAFETY: By the caller's promise the domain is part of an `Inner`, which is part of a `Work`,
        // which is the first field of an `Epoch`.
        unsafe {
            let inner = container_of!(domain, Inner, domain);
            &*Work::from_data(inner).cast()
        }
    }

    /// Enters a read-side section; dropping the guard leaves it. Any context, interrupts included; on
    /// x86-64, where each side is one instruction, NMI too.
    ///
    /// Sections nest, and may overlap in any order. Inside one you may sleep, but must not wait for
    /// a grace period of the same epoch.
    #[inline(always)]
    pub fn enter(&self) -> Guard<'_> {
        Guard {
            epoch: self,
            section: ManuallyDrop::new(self.inner.domain.enter()),
        }
    }

    /// Waits until every section that was entered before the call has been left; what was unlinked
    /// before the call may then be freed. Process context, interrupts enabled; sleeps.
    ///
    /// Calls at the same time share grace periods. Inside a section of the same epoch it would never
    /// return.
    pub fn synchronize(&self) {
        might_sleep();
        self.inner.synchronize(Pace::Normal, Patience::Endless);
    }

    /// The same, sooner: it looks more often, and interrupts the CPUs of an epoch with RCU too. Whoever
    /// waits at the same time profits.
    pub fn synchronize_expedited(&self) {
        might_sleep();
        self.inner.synchronize(Pace::Expedited, Patience::Endless);
    }

    /// As [`Epoch::synchronize`], but gives up with [`EINTR`] when the task is being killed.
    pub fn synchronize_killable(&self) -> Result {
        might_sleep();
        self.inner
            .synchronize(Pace::Normal, Patience::Killable)
            .then_some(())
            .ok_or(EINTR)
    }

    /// As [`Epoch::synchronize`], but gives up with [`ETIME`] when `limit` has passed, or some
    /// milliseconds later.
    pub fn synchronize_timeout(&self, limit: Delta) -> Result {
        might_sleep();
        self.inner
            .synchronize(Pace::Normal, Patience::Until(Instant::now(), limit))
            .then_some(())
            .ok_or(ETIME)
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`], and sees to it that it will
    /// be. Context as for [`Epoch::call`].
    pub fn start_poll(&self) -> Cookie {
        let cookie = self.snapshot();
        // Pairs with the full ordering of the exchange in `Inner::run`: the grace period that this
        // starts begins after the snapshot.
        self.inner.requested.xchg(true, Full);
        self.inner.enqueue();
        cookie
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`]. Any context.
    ///
    /// It starts none: someone has to call [`Epoch::synchronize`], [`Epoch::call`], or
    /// [`Epoch::start_poll`].
    pub fn snapshot(&self) -> Cookie {
        self.inner.domain.snapshot()
    }

    /// Whether the grace period that `cookie` names has passed. Any context.
    pub fn poll(&self, cookie: Cookie) -> bool {
        self.inner.domain.poll(cookie)
    }

    /// Has `callback` called with `head` in process context, once every section that was entered
    /// before the call has been left. Process, softirq and hardirq context, without the scheduler's
    /// locks: it wakes a task. Allocates nothing.
    ///
    /// Callbacks that were given on the same CPU are called in their order. A callback may give its
    /// head again, and may sleep, but delays all others of this epoch while it does.
    ///
    /// # Safety
    ///
    /// `head` is valid, on no list, and left alone until the callback is called with it; from then
    /// on it is the callback's. The callback may be called with `head` in any task. Its code must
    /// stay until the epoch is dropped or [`Epoch::barrier`] has returned.
    pub unsafe fn call(&self, head: NonNull<Head>, callback: Callback) {
        // SAFETY: By the caller's promise.
        unsafe { self.inner.callbacks.push(head, callback) };
        // After the push, so that the work that this starts finds it.
        self.inner.enqueue();
    }

    /// Runs a closure in process context, once every section that was entered before the call has
    /// been left. Context as for [`Epoch::call`]; allocates nothing. The closure must not drop the
    /// epoch, which would wait for the closure.
    ///
    /// As with any closure of a module, the module must not go before it has run; dropping the epoch
    /// waits for it.
    pub fn defer<F: FnOnce() + Send + 'static>(&self, deferred: KBox<Deferred<F>>) {
        // SAFETY: The box gives up its head, which is therefore valid and nobody else's, and
        // `callback` takes it back. The closure is `Send` and `'static`.
        unsafe { self.call(Deferred::into_head(deferred), Deferred::<F>::callback) };
    }

    /// Waits until every callback that was given before the call has returned. Process context;
    /// sleeps. Not from a callback, and not inside a section of the same epoch.
    pub fn barrier(&self) {
        might_sleep();
        self.inner.flush();
    }

    /// The number of sections that are open: exact when nothing moves, a snapshot otherwise. Any
    /// context.
    pub fn readers(&self) -> usize {
        self.inner.domain.readers()
    }

    /// The number of advances so far. Any context.
    pub fn epoch(&self) -> usize {
        self.inner.domain.epoch()
    }

    /// The number of grace periods that have ended. Any context.
    pub fn grace_periods(&self) -> usize {
        self.inner.domain.grace_periods()
    }

    /// The epoch's folder, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn sysfs(&self) -> &Folder<Inner> {
        &self.sysfs
    }

    /// The algorithm below, for tests.
    #[doc(hidden)]
    pub fn domain(&self) -> &Domain<KernelPlatform> {
        &self.inner.domain
    }
}

#[pinned_drop]
impl PinnedDrop for Epoch {
    fn drop(mut self: Pin<&mut Self>) {
        // First, since the files tell of what goes now.
        self.as_mut().project().sysfs.remove();
        self.inner.synchronize(Pace::Normal, Patience::Endless);
        // Until no callback is left that could give another one.
        while self.inner.flush() {}
    }
}

/// A read-side section; dropping it leaves the section.
///
/// It may be given to another task or context, and dropped there.
///
/// # Invariants
///
/// `section` was entered in `epoch`, and is left by `drop`.
#[must_use = "the section is left when the guard is dropped, at once if it is unused"]
pub struct Guard<'a> {
    epoch: &'a Epoch,
    section: ManuallyDrop<Section>,
}

impl Guard<'_> {
    /// Leaves the section and enters a new one: for long sections, so that they do not hold up grace
    /// periods. What was found before must not be used any more, as with a new guard.
    #[inline(always)]
    pub fn observe(&mut self) {
        let new = ManuallyDrop::new(self.epoch.inner.domain.enter());
        let old = core::mem::replace(&mut self.section, new);
        // INVARIANT: The new section takes the place of the old one, which is left here.
        // SAFETY: By the type invariant it was entered in this epoch.
        unsafe { self.epoch.inner.domain.exit(ManuallyDrop::into_inner(old)) };
    }

    /// The epoch whose section it is.
    pub fn epoch(&self) -> &Epoch {
        self.epoch
    }
}

impl Drop for Guard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The section is taken once, here.
        let section = unsafe { ManuallyDrop::take(&mut self.section) };
        // SAFETY: By the type invariant it was entered in this epoch.
        unsafe { self.epoch.inner.domain.exit(section) };
    }
}
