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
    lull::Lull,
    platform::{
        HeavyBarrier,
        KernelPlatform, //
    },
    tracking,
    stall::Watch,
    sysfs,
    trace, //
};
use core::{
    mem::ManuallyDrop,
    ops::Deref,
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
        Mutex, //
    },
    task::might_sleep,
    time::{
        delay::fsleep,
        Delta,
        Instant, //
    },
    types::NotThreadSafe, //
};
use kernel_ext::{
    kobject::Folder,
    lockdep::{
        self,
        Ip, //
    },
    sched::in_nmi,
    work::{
        Queue,
        Run,
        Work, //
    }, //
};

/// A set of read-side sections that an updater can wait for.
///
/// Epochs know nothing of each other: a section of one does not delay a grace period of another.
///
/// Dropping an epoch waits for its sections and its callbacks, so it may sleep; no section can be
/// open then, since each [`Guard`] borrows the epoch, unless one was leaked. Then the drop never
/// ends, which is better than what its reader would find. Nor does it if a callback of the epoch drops it.
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
    #[pin]
    lockdep: lockdep::Map,
    pub(crate) callbacks: Callbacks,
    pub(crate) watch: Watch,
    /// Somebody polls for a grace period that nobody waits for.
    requested: Atomic<bool>,
    #[pin]
    lull: Lull,
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
            lockdep <- lockdep::Map::new(name),
            callbacks: Callbacks::new()?,
            watch: Watch::new(name)?,
            requested: Atomic::new(false),
            lull <- Lull::new(),
            queue: Queue::new(c"epoch_", name)?,
        })
    }

    /// Returns whether a grace period has passed, which is certain if the patience is endless.
    fn synchronize(&self, pace: Pace, patience: Patience) -> bool {
        self.lockdep.wait();
        let detector = Detector {
            lock: &self.detector,
            domain: &self.domain,
            callbacks: &self.callbacks,
            watch: &self.watch,
            patience,
        };
        self.domain.synchronize(&detector, pace)
    }
}

impl Run for Inner {
    fn run(&self) {
        if !self.callbacks.are_many() {
            self.lull.wait();
        }
        // Before the grace period; pairs with the full ordering of `Epoch::start_poll`.
        let requested = self.requested.xchg(false, Full);
        if cfg!(epoch_mutant = "taken_late") {
            self.synchronize(Pace::Normal, Patience::Endless);
        }
        let batch = self.callbacks.take_all();
        if batch.is_empty() && !requested {
            return;
        }
        if !cfg!(epoch_mutant = "taken_late") {
            self.synchronize(Pace::Normal, Patience::Endless);
        }
        // SAFETY: That was the grace period.
        let count = unsafe { self.callbacks.invoke(batch) };
        if count > 0 {
            trace::callbacks(self.watch.name(), count);
        }
    }

    fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl Epoch {
    /// Makes an epoch without sections. `name` is for people: it names the workqueue, and the folder
    /// in `/sys/kernel/epoch`, with a number if there is one of that name. May sleep.
    pub fn new(name: &CStr) -> impl PinInit<Self, Error> + use<'_> {
        Self::build(name, HeavyBarrier::Ipi)
    }

    /// The same, but a grace period waits for one of RCU, up to twice, instead of interrupting all CPUs;
    /// it takes milliseconds, and an expedited one does interrupt them: RCU's own expedited grace periods
    /// take longer. RCU must be watching where sections begin and end: not in the idle loop.
    pub fn new_with_rcu(name: &CStr) -> impl PinInit<Self, Error> + use<'_> {
        Self::build(name, HeavyBarrier::Rcu)
    }

    /// `heavy` is the barrier that its readers leave to others.
    pub(crate) fn build(name: &CStr, heavy: HeavyBarrier) -> impl PinInit<Self, Error> + use<'_> {
        try_pin_init!(Self {
            sysfs: sysfs::folder(name)?,
            inner <- Work::new(Inner::new(sysfs.name(), heavy), sysfs.name()),
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

    /// Enters a read-side section; dropping the guard leaves it, in the same task or context. Any
    /// context, interrupts and kprobes included; on x86-64, where each side is one instruction, NMI
    /// too.
    ///
    /// Sections nest, and may overlap in any order. Inside one you may sleep, but must not wait for
    /// a grace period of the same epoch.
    #[inline(always)]
    pub fn enter(&self) -> Guard<'_> {
        self.enter_lockdep(Ip::here);
        Guard {
            section: self.enter_detached(),
            _not_send: NotThreadSafe,
        }
    }

    /// Enters a read-side section that may be left elsewhere: in another task, or in another context,
    /// such as the handler of what comes after. Context as for [`Epoch::enter`].
    ///
    /// Lockdep does not know of it: nobody notices who waits for a grace period inside.
    #[inline(always)]
    pub fn enter_detached(&self) -> Detached<'_> {
        Detached {
            epoch: self,
            section: ManuallyDrop::new(self.begin()),
        }
    }

    /// Any context.
    #[inline(always)]
    fn begin(&self) -> Section {
        let section = self.inner.domain.enter();
        // Inside, so that the epoch stays.
        tracking::entered(&self.inner.domain, section.pair());
        section
    }

    /// Any context.
    ///
    /// # Safety
    ///
    /// `section` was begun in this epoch.
    #[inline(always)]
    unsafe fn end(&self, section: Section) {
        tracking::leaves(&self.inner.domain, section.pair());
        // SAFETY: By the caller's promise.
        unsafe { self.inner.domain.exit(section) };
    }

    /// Whether the caller may be in a section of [`Epoch::enter`]: false only if it is not. For
    /// assertions. Any context.
    ///
    /// Lockdep (`CONFIG_DEBUG_LOCK_ALLOC`) knows; without, it is always true.
    pub fn in_epoch(&self) -> bool {
        self.inner.lockdep.may_be_in()
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

    /// The same, sooner: it looks more often, and interrupts the CPUs of an epoch with RCU, too. Whoever
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

    /// As [`Epoch::synchronize`], but gives up with [`EINTR`] when the task has a signal.
    pub fn synchronize_interruptible(&self) -> Result {
        might_sleep();
        self.inner
            .synchronize(Pace::Normal, Patience::Interruptible)
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
        self.assert_not_in_nmi();
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
    /// That takes at least a jiffy, so that many callbacks share a grace period, unless someone waits in
    /// [`Epoch::barrier`]. Callbacks that were given on the same CPU, by tasks that were not
    /// moved meanwhile, are called in their order. A callback may give its head again, and may sleep,
    /// but delays all others of this epoch while it does.
    ///
    /// # Safety
    ///
    /// `head` is valid, on no list, and left alone until the callback is called with it; from then
    /// on it is the callback's. The callback may be called with `head` in any task. Its code must
    /// stay until the epoch is dropped or [`Epoch::barrier`] has returned.
    pub unsafe fn call(&self, head: NonNull<Head>, callback: Callback) {
        self.assert_not_in_nmi();
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

    /// To be called before [`Epoch::call`] or [`Epoch::defer`] where that may sleep: if as many
    /// callbacks are pending as `callbacks_limit` in sysfs says, waits until only half as many are, so that
    /// callbacks go on to be called while new ones come; or until those that were pending have returned. Context as for [`Epoch::barrier`].
    ///
    /// If everyone does, no more are pending than the limit, and one for each task. Callbacks that are
    /// given in other contexts cannot wait; all that is done for them is that grace periods are
    /// expedited while more than half the limit is pending.
    pub fn throttle(&self) {
        might_sleep();
        // To be told by the last of them would cost each of them more than it spares here.
        const PAUSE: Delta = Delta::from_micros(100);

        self.inner.lockdep.wait();
        let callbacks = &self.inner.callbacks;
        if !callbacks.are_too_many() || cfg!(epoch_mutant = "no_throttle") {
            return;
        }
        // Others may give more all the time.
        let enough = callbacks.invoked().wrapping_add(callbacks.pending());
        let are_left = || (enough.wrapping_sub(callbacks.invoked()) as isize) > 0;
        self.inner.lull.hurry(|| {
            while callbacks.are_many() && are_left() {
                fsleep(PAUSE);
            }
        });
    }

    /// Waits until every callback that was given before the call has returned. Process context;
    /// sleeps. Not from a callback, and not inside a section of the same epoch.
    pub fn barrier(&self) {
        might_sleep();
        self.inner.lockdep.wait();
        self.inner.lull.hurry(|| self.inner.flush());
    }

    /// The number of callbacks that were given and have not returned: exact when nothing moves, a
    /// snapshot otherwise. Any context.
    pub fn pending(&self) -> usize {
        self.inner.callbacks.pending()
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

    /// Whether lockdep is told of sections: it costs more than they do.
    const LOCKDEP: bool = cfg!(CONFIG_DEBUG_LOCK_ALLOC);

    /// Tells lockdep that a section is entered. Any context.
    #[inline(always)]
    pub(crate) fn enter_lockdep(&self, ip: impl FnOnce() -> Ip) {
        if Self::LOCKDEP {
            // An increment that takes more than one instruction may lose that of an NMI.
            let safe = cfg!(CONFIG_ARCH_HAS_NMI_SAFE_THIS_CPU_OPS);
            kernel::warn_on!(!safe && in_nmi());
            self.inner.lockdep.enter(ip());
        }
    }

    /// Tells lockdep that it is left. Any context.
    #[inline(always)]
    pub(crate) fn leave_lockdep(&self, ip: impl FnOnce() -> Ip) {
        if Self::LOCKDEP {
            self.inner.lockdep.leave(ip());
        }
    }

    /// For what wakes a task.
    fn assert_not_in_nmi(&self) {
        kernel::warn_on!(Self::LOCKDEP && in_nmi());
    }

    /// The epoch's folder, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn sysfs(&self) -> &Folder<Inner> {
        &self.sysfs
    }

    /// How it is watched.
    pub(crate) fn watch(&self) -> &Watch {
        &self.inner.watch
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
        // The worker would wait for itself.
        kernel::warn_on!(self.inner.is_current());
        // First, since the files tell of what goes now.
        if !cfg!(epoch_mutant = "sysfs_last") {
            self.as_mut().project().sysfs.remove();
        }
        self.inner.synchronize(Pace::Normal, Patience::Endless);
        // Until no callback is left that could give another one.
        while self.inner.lull.hurry(|| self.inner.flush()) && !cfg!(epoch_mutant = "one_flush") {}
    }
}

/// A read-side section; dropping it leaves the section.
///
/// It stays with the task or context that entered it.
#[must_use = "the section is left when the guard is dropped, at once if it is unused"]
pub struct Guard<'a> {
    // Dropped after lockdep was told.
    section: Detached<'a>,
    _not_send: NotThreadSafe,
}

impl Guard<'_> {
    /// Leaves the section and enters a new one: for long sections, so that they do not hold up grace
    /// periods. What was found before must not be used any more, as with a new guard.
    #[inline(always)]
    pub fn observe(&mut self) {
        self.section.renew();
    }
}

impl<'a> Deref for Guard<'a> {
    type Target = Detached<'a>;

    #[inline(always)]
    fn deref(&self) -> &Detached<'a> {
        &self.section
    }
}

impl Drop for Guard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.epoch().leave_lockdep(Ip::here);
    }
}

/// A read-side section that may be left in another task or context than it was entered in; dropping
/// it leaves the section.
///
/// # Invariants
///
/// `section` was entered in `epoch`, and is left by `drop`.
#[must_use = "the section is left when it is dropped, at once if it is unused"]
pub struct Detached<'a> {
    epoch: &'a Epoch,
    section: ManuallyDrop<Section>,
}

impl<'a> Detached<'a> {
    /// The epoch whose section it is.
    #[inline(always)]
    pub fn epoch(&self) -> &'a Epoch {
        self.epoch
    }

    /// Leaves the section and enters a new one.
    #[inline(always)]
    fn renew(&mut self) {
        // SAFETY: The section is taken once, here: another takes its place before anyone looks.
        let section = unsafe { ManuallyDrop::take(&mut self.section) };
        // SAFETY: By the type invariant it was entered in this epoch.
        unsafe { self.epoch.end(section) };
        // INVARIANT: So was this one.
        self.section = ManuallyDrop::new(self.epoch.begin());
    }

    /// The bare section, for where a lifetime cannot go. It is left by [`Detached::from_raw`] only.
    #[inline(always)]
    pub fn into_raw(self) -> Section {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: The section is taken once, here: `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.section) }
    }

    /// What [`Detached::into_raw`] was called on.
    ///
    /// # Safety
    ///
    /// `section` was entered in `epoch`.
    #[inline(always)]
    pub unsafe fn from_raw(epoch: &'a Epoch, section: Section) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            epoch,
            section: ManuallyDrop::new(section),
        }
    }
}

impl Drop for Detached<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The section is taken once, here.
        let section = unsafe { ManuallyDrop::take(&mut self.section) };
        // SAFETY: By the type invariant it was entered in this epoch.
        unsafe { self.epoch.end(section) };
    }
}
