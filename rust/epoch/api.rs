// SPDX-License-Identifier: GPL-2.0

//! [`Epoch`] and the guard of its sections.

use crate::{
    callback::{
        Callback,
        Callbacks,
        Deferred,
        Head, //
    },
    domain::{
        Cookie,
        Domain,
        Pace,
        Section, //
    },
    engine::Patience,
    helpers,
    lifetime::Lifetime,
    platform::KernelPlatform,
    stall::Watch,
    tracking, //
};
use core::{
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    str::CStr,
    task::might_sleep,
    time::Delta,
    types::NotThreadSafe, //
};
use kernel_ext::{
    lockdep::{
        self,
        Ip, //
    },
    sched::in_nmi, //
};

/// A set of read-side sections that an updater can wait for.
///
/// Epochs know nothing of each other: a section of one does not delay a grace period of another. What
/// an epoch costs: see `Documentation/epoch.rst`.
///
/// An epoch is reference-counted: [`Epoch::new`] returns an [`ARef`](kernel::sync::aref::ARef). The
/// last reference may be dropped in any context but NMI, without locks of the scheduler, also by a
/// callback of the epoch: that never waits. Callbacks that are pending then are invoked all the
/// same, after their grace period, and then the epoch is freed. [`Epoch::close`] waits for that.
///
/// No section can be open when the last reference is dropped, since each [`Guard`] borrows the
/// epoch, unless one was leaked. Then the epoch is never freed, rather than what a reader may still
/// use.
#[pin_data]
#[repr(C)]
pub struct Epoch {
    // First: C knows an epoch by the address of its domain.
    pub(crate) domain: Domain<KernelPlatform>,
    pub(crate) callbacks: Callbacks,
    pub(crate) watch: Watch,
    #[pin]
    pub(crate) lockdep: lockdep::Map,
    #[pin]
    pub(crate) lifetime: Lifetime,
}

impl Epoch {
    /// The epoch that a domain is part of.
    pub(crate) fn of(domain: &Domain<KernelPlatform>) -> &Self {
        // SAFETY: By the invariant of `KernelPlatform` the domain is part of an epoch, whose first
        // field it is.
        unsafe { &*core::ptr::from_ref(domain).cast() }
    }

    /// # Safety
    ///
    /// `domain` is the [`Domain`] of a live epoch, which is what C knows an epoch by.
    pub(crate) unsafe fn from_domain_ptr<'a>(domain: *const Domain<KernelPlatform>) -> &'a Self {
        // SAFETY: The domain is the first field of a live epoch.
        unsafe { &*domain.cast() }
    }

    /// What people know the epoch as.
    pub(crate) fn name(&self) -> &CStr {
        // SAFETY: By its invariant it is a string that lives as long as the epoch.
        unsafe { CStr::from_char_ptr(self.domain.platform().name) }
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
        let section = self.domain.enter();
        // Inside, so that the epoch stays.
        tracking::entered(&self.domain, section.pair());
        section
    }

    /// Any context.
    ///
    /// # Safety
    ///
    /// `section` was begun in this epoch.
    #[inline(always)]
    unsafe fn end(&self, section: Section) {
        tracking::leaves(&self.domain, section.pair());
        // SAFETY: The section was begun in this epoch, as this function requires.
        unsafe { self.domain.exit(section) };
    }

    /// Whether the caller may be in a section of [`Epoch::enter`]: false only if it is not. For
    /// assertions. Any context.
    ///
    /// Lockdep (`CONFIG_DEBUG_LOCK_ALLOC`) knows; without, it is always true.
    pub fn in_epoch(&self) -> bool {
        self.lockdep.may_be_in()
    }

    /// Waits until every section that was entered before the call has been left; what was unlinked
    /// before the call may then be freed. Process context, interrupts enabled; sleeps.
    ///
    /// Tasks that wait at the same time share grace periods. Inside a section of the same epoch it
    /// would never return.
    pub fn synchronize(&self) {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, Patience::Uninterruptible);
    }

    /// Waits for an expedited grace period: sections are polled more often, and with
    /// [`Epoch::new_with_rcu`] CPUs are interrupted unless some are isolated. Otherwise as
    /// [`Epoch::synchronize`]. Others that wait at the same time benefit.
    pub fn synchronize_expedited(&self) {
        might_sleep();
        self.wait_for_grace_period(Pace::Expedited, Patience::Uninterruptible);
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`EINTR`] if the task is
    /// killed before it has passed.
    pub fn synchronize_killable(&self) -> Result {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, Patience::Killable)
            .then_some(())
            .ok_or(EINTR)
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`EINTR`] if the task gets
    /// a signal before it has passed.
    pub fn synchronize_interruptible(&self) -> Result {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, Patience::Interruptible)
            .then_some(())
            .ok_or(EINTR)
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`ETIME`] if it has not
    /// passed within `limit`; up to a millisecond later.
    pub fn synchronize_timeout(&self, limit: Delta) -> Result {
        might_sleep();
        // 0 would be without limit.
        let limit_ns = limit.as_nanos().max(1) as u64;
        self.wait_for_grace_period(Pace::Normal, Patience::Ns(limit_ns))
            .then_some(())
            .ok_or(ETIME)
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`], and starts it. Any context.
    pub fn start_poll(&self) -> Cookie {
        let cookie = self.snapshot();
        self.domain.want(cookie);
        self.kick_later();
        cookie
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`]. Any context.
    ///
    /// It starts none: someone has to call [`Epoch::synchronize`], [`Epoch::call`], or
    /// [`Epoch::start_poll`].
    pub fn snapshot(&self) -> Cookie {
        self.domain.snapshot()
    }

    /// Whether the grace period that `cookie` names has passed. Any context.
    pub fn poll(&self, cookie: Cookie) -> bool {
        self.domain.poll(cookie)
    }

    /// Queues `callback`, to be invoked with `head` in process context, once every section that was
    /// entered before the call has been left. Any context, NMI on x86-64 included, and with locks of
    /// the scheduler held. It takes no lock and allocates nothing.
    ///
    /// It is invoked on the CPU that it was queued on, or near it if that is isolated or has gone
    /// offline, by a kernel worker. That takes at least a jiffy, so that many callbacks share a grace
    /// period. Callbacks that were queued on the same CPU, by tasks that were not moved meanwhile, are
    /// invoked in their order. A callback may queue its head again. It may sleep; then it delays the
    /// callbacks of this epoch that were queued on the same CPU.
    ///
    /// # Safety
    ///
    /// `head` is valid, not queued, and left alone until the callback is invoked with it; from then
    /// on it is the callback's. The callback may be invoked with `head` in any task. Its code must
    /// stay until then: [`Epoch::barrier`] waits for it, and so does the unloading of the module that
    /// the callback is part of.
    pub unsafe fn call(&self, head: NonNull<Head>, callback: Callback) {
        // SAFETY: As this function requires.
        unsafe { self.queue(head, callback) };
    }

    /// Queues a closure, to be run in process context once every section that was entered before the
    /// call has been left. Context as for [`Epoch::call`]; allocates nothing.
    pub fn defer<F: FnOnce() + Send + 'static>(&self, deferred: KBox<Deferred<F>>) {
        // SAFETY: The box gives up its head, which is therefore valid and nobody else's, and
        // `callback` takes it back. The closure is `Send` and `'static`. The unloading of the module
        // that its code is of waits for it.
        unsafe { self.call(Deferred::into_head(deferred), Deferred::<F>::callback) };
    }

    /// Bounds the number of pending callbacks. Call before [`Epoch::call`] or [`Epoch::defer`] where
    /// sleeping is allowed: at `callbacks_limit` (in sysfs) it waits until half of them, or all that
    /// were pending at the call, have been invoked. Context as for [`Epoch::barrier`].
    ///
    /// If all callers do so, no more are pending than the limit, and one for each task. In other
    /// contexts callers cannot wait; grace periods are expedited while more than half the limit is
    /// pending.
    pub fn throttle(&self) {
        if self.can_wait_for_callbacks() {
            self.wait_below_limit();
        }
    }

    /// Waits until every callback that was queued before the call has returned. Process context;
    /// sleeps. Not inside a section of the same epoch. In a callback of the same epoch, where it would
    /// never return, it warns and returns at once.
    pub fn barrier(&self) {
        if self.can_wait_for_callbacks() {
            self.wait_for_callbacks(helpers::EPOCH_UNINTERRUPTIBLE);
        }
    }

    fn can_wait_for_callbacks(&self) -> bool {
        might_sleep();
        self.lockdep.wait();
        !kernel::warn_on!(self.is_in_callback())
    }

    /// The number of callbacks that were queued and have not returned: exact when nothing moves, a
    /// snapshot otherwise. Any context.
    pub fn pending(&self) -> usize {
        self.count_pending()
    }

    /// The number of sections that are open: exact when nothing moves, a snapshot otherwise. Any
    /// context.
    pub fn readers(&self) -> usize {
        self.domain.readers()
    }

    /// The number of advances so far. Any context.
    pub fn epoch(&self) -> usize {
        self.domain.epoch()
    }

    /// The number of grace periods that have ended. Any context.
    pub fn grace_periods(&self) -> usize {
        self.domain.grace_periods()
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
            self.lockdep.enter(ip());
        }
    }

    /// Tells lockdep that it is left. Any context.
    #[inline(always)]
    pub(crate) fn leave_lockdep(&self, ip: impl FnOnce() -> Ip) {
        if Self::LOCKDEP {
            self.lockdep.leave(ip());
        }
    }

    /// The epoch's directory in sysfs, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn sysfs(&self) -> &kernel_ext::kobject::Folder<Self> {
        self.lifetime.files.get()
    }

    /// How it is watched.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The algorithm below, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn domain(&self) -> &Domain<KernelPlatform> {
        &self.domain
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
        // INVARIANT: It was entered in `epoch`, as this function requires.
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
