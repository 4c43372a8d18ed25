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
        Platform,
        Section, //
    },
    engine::WaitMode,
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
    compat::etime,
    lockdep::{
        self,
        Ip, //
    },
    sched::in_nmi, //
};

/// A set of read-side sections that an updater can wait for.
///
/// Epochs are independent: a section of one does not delay a grace period of another. See
/// `Documentation/epoch.rst` for the costs.
///
/// An epoch is reference-counted: [`Epoch::new`] returns an [`ARef`](kernel::sync::aref::ARef). The
/// last reference may be dropped in any context but NMI, without locks of the scheduler held, also
/// by a callback of the epoch; that never waits. Pending callbacks are still invoked, after their
/// grace period, and then the epoch is freed. [`Epoch::close`] waits for that.
///
/// No section can be open when the last reference is dropped, since each [`Guard`] borrows the
/// epoch, unless a guard was leaked. Then the epoch is never freed, rather than what a reader may
/// still use being freed.
///
/// # Examples
///
/// ```
/// use epoch::Epoch;
///
/// let epoch = Epoch::new(c"example")?;
/// let guard = epoch.enter();
/// // What is found here stays until the guard is dropped.
/// drop(guard);
///
/// // Once this returns, no section is open that was open before.
/// epoch.synchronize();
/// # Ok::<(), Error>(())
/// ```
#[pin_data]
#[repr(C)]
pub struct Epoch {
    // First: C uses the address of the domain as that of the epoch.
    pub(crate) domain: Domain<KernelPlatform>,
    pub(crate) callbacks: Callbacks,
    pub(crate) watch: Watch,
    #[pin]
    pub(crate) lockdep: lockdep::Map,
    #[pin]
    pub(crate) lifetime: Lifetime,
}

impl Epoch {
    /// Returns the epoch that contains `domain`.
    pub(crate) fn of(domain: &Domain<KernelPlatform>) -> &Self {
        // SAFETY: By the invariant of `KernelPlatform` the domain is part of an epoch, of which it
        // is the first field.
        unsafe { &*core::ptr::from_ref(domain).cast() }
    }

    /// # Safety
    ///
    /// `domain` is the [`Domain`] of a live epoch; C uses its address as that of the epoch.
    pub(crate) unsafe fn from_domain_ptr<'a>(domain: *const Domain<KernelPlatform>) -> &'a Self {
        // SAFETY: The domain is the first field of a live epoch.
        unsafe { &*domain.cast() }
    }

    /// Returns the name of the epoch, for people.
    pub(crate) fn name(&self) -> &CStr {
        // SAFETY: By the invariant of `KernelPlatform`, `name` is a string that lives as long as
        // the epoch.
        unsafe { CStr::from_char_ptr(self.domain.platform().name) }
    }

    /// Enters a read-side section; dropping the guard leaves it, in the same task or context. Any
    /// context, interrupts and kprobes included; on x86-64, where each side is one instruction, NMI
    /// too.
    ///
    /// Sections nest, and may overlap in any order. Inside one you may sleep, but must not wait for
    /// a grace period of the same epoch.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let outer = epoch.enter();
    /// let inner = epoch.enter();
    /// assert_eq!(epoch.readers(), 2);
    /// drop(outer);
    /// drop(inner);
    /// assert_eq!(epoch.readers(), 0);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline(always)]
    pub fn enter(&self) -> Guard<'_> {
        self.enter_lockdep(Ip::here);
        Guard {
            section: self.enter_detached(),
            _not_send: NotThreadSafe,
        }
    }

    /// Enters a read-side section that may be left elsewhere: in another task, or in another
    /// context, such as a completion handler. Context as for [`Epoch::enter`].
    ///
    /// Lockdep does not track it: a wait for a grace period inside is not reported.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let section = epoch.enter_detached();
    /// assert_eq!(section.epoch().readers(), 1);
    /// // Another task may do this.
    /// drop(section);
    /// # Ok::<(), Error>(())
    /// ```
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
        // Inside the section, which keeps the epoch.
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
        // SAFETY: `section` was begun in this epoch, as this function requires.
        unsafe { self.domain.exit(section) };
    }

    /// Returns whether the caller may be in a section of [`Epoch::enter`]: `false` only if it
    /// certainly is not. For assertions. Any context.
    ///
    /// This relies on lockdep (`CONFIG_DEBUG_LOCK_ALLOC`); without it, the result is always `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let guard = epoch.enter();
    /// assert!(epoch.in_epoch());
    /// # drop(guard);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn in_epoch(&self) -> bool {
        self.lockdep.may_be_in()
    }

    /// Waits until every section that was entered before the call has been left. Then objects that
    /// were unlinked before the call may be freed. Process context, interrupts enabled; sleeps.
    ///
    /// Concurrent waiters share grace periods. Inside a section of the same epoch it would never
    /// return.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Epoch, EpochPtr, Owned};
    /// let epoch = Epoch::new(c"example")?;
    /// let current = EpochPtr::new(epoch.clone(), Some(Owned::new(1, GFP_KERNEL)?));
    /// let old = current.swap(Some(Owned::new(2, GFP_KERNEL)?));
    /// epoch.synchronize();
    /// // Readers have 2 by now, or nothing.
    /// # drop(old);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize(&self) {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, WaitMode::Uninterruptible);
    }

    /// Waits for an expedited grace period: sections are polled more often, and with
    /// [`Epoch::new_with_rcu`] CPUs are interrupted unless some are isolated. Otherwise as
    /// [`Epoch::synchronize`]. Concurrent waiters benefit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.synchronize_expedited();
    /// assert_eq!(epoch.grace_periods(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize_expedited(&self) {
        might_sleep();
        self.wait_for_grace_period(Pace::Expedited, WaitMode::Uninterruptible);
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`EINTR`] if the task
    /// is killed before it has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.synchronize_killable()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize_killable(&self) -> Result {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, WaitMode::Killable)
            .then_some(())
            .ok_or(EINTR)
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`EINTR`] if the task
    /// gets a signal before it has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.synchronize_interruptible()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize_interruptible(&self) -> Result {
        might_sleep();
        self.wait_for_grace_period(Pace::Normal, WaitMode::Interruptible)
            .then_some(())
            .ok_or(EINTR)
    }

    /// Waits for a grace period as [`Epoch::synchronize`] does, but returns [`ETIME`] if it has not
    /// passed within `limit`, up to a millisecond late.
    ///
    /// # Examples
    ///
    /// ```
    /// use epoch::Epoch;
    /// use kernel::time::Delta;
    ///
    /// let epoch = Epoch::new(c"example")?;
    /// let section = epoch.enter_detached();
    /// assert_eq!(epoch.synchronize_timeout(Delta::from_millis(5)), Err(ETIME));
    /// drop(section);
    /// epoch.synchronize_timeout(Delta::from_millis(10_000))?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn synchronize_timeout(&self, limit: Delta) -> Result {
        might_sleep();
        // 0 means no limit.
        let limit_ns = limit.as_nanos().max(1) as u64;
        self.wait_for_grace_period(Pace::Normal, WaitMode::Ns(limit_ns))
            .then_some(())
            .ok_or_else(etime)
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`], and starts it. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let cookie = epoch.start_poll();
    /// while !epoch.poll(cookie) {
    ///     // There is other work to do.
    /// #   kernel_ext::sched::cond_resched();
    /// }
    /// // Sections that were open at `start_poll` have been left.
    /// # Ok::<(), Error>(())
    /// ```
    pub fn start_poll(&self) -> Cookie {
        let cookie = self.snapshot();
        self.domain.want(cookie);
        self.kick_later();
        cookie
    }

    /// Names a grace period that begins after now, for [`Epoch::poll`]. Any context.
    ///
    /// It starts no grace period: call [`Epoch::synchronize`], [`Epoch::call`], or
    /// [`Epoch::start_poll`] for that.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let cookie = epoch.snapshot();
    /// // Another task's grace period serves as well.
    /// epoch.synchronize();
    /// assert!(epoch.poll(cookie));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn snapshot(&self) -> Cookie {
        self.domain.snapshot()
    }

    /// Returns whether the grace period that `cookie` names has passed. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let cookie = epoch.snapshot();
    /// assert!(!epoch.poll(cookie));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn poll(&self, cookie: Cookie) -> bool {
        self.domain.poll(cookie)
    }

    /// Queues `callback`, which is invoked with `head` in process context once every section that
    /// was entered before the call has been left. Any context, NMI on x86-64 included, and with
    /// locks of the scheduler held. It takes no lock and allocates nothing.
    ///
    /// The callback is invoked by a kernel worker, on the CPU that it was queued on, or near it if
    /// that is isolated or has gone offline. That takes at least a jiffy, so that many callbacks
    /// share a grace period. Callbacks that were queued on the same CPU, by tasks that did not
    /// migrate in between, are invoked in their order. A callback may queue its head again. It may
    /// sleep; then it delays the callbacks of this epoch that were queued on the same CPU.
    ///
    /// # Safety
    ///
    /// `head` is valid, not queued, and not touched until the callback is invoked with it; from
    /// then on the callback owns it. The callback may be invoked with `head` in any task. Its code
    /// must stay until then: [`Epoch::barrier`] waits for it, and so does the unloading of the
    /// module that the callback is part of.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::ptr::NonNull;
    /// use epoch::{Epoch, Head};
    ///
    /// #[repr(C)]
    /// struct Object {
    ///     // First, so that its address is that of the object.
    ///     head: Head,
    ///     value: u32,
    /// }
    ///
    /// /// # Safety
    /// ///
    /// /// `head` is that of a leaked box of an `Object`.
    /// unsafe extern "C" fn free(head: *mut Head) {
    ///     // SAFETY: `head` is that of a leaked box.
    ///     drop(unsafe { KBox::from_raw(head.cast::<Object>()) });
    /// }
    ///
    /// let epoch = Epoch::new(c"example")?;
    /// let object = KBox::new(Object { head: Head::new(), value: 1 }, GFP_KERNEL)?;
    /// assert_eq!(object.value, 1);
    /// let object = NonNull::from(KBox::leak(object));
    /// // SAFETY: The object is leaked, and used by nobody until `free` takes it back.
    /// unsafe { epoch.call(object.cast(), free) };
    /// epoch.barrier();
    /// # Ok::<(), Error>(())
    /// ```
    pub unsafe fn call(&self, head: NonNull<Head>, callback: Callback) {
        // SAFETY: `queue` requires the same of `head` and `callback` as `call`.
        unsafe { self.queue(head, callback) };
    }

    /// Queues a closure, which runs in process context once every section that was entered before
    /// the call has been left. Context as for [`Epoch::call`]; allocates nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Deferred, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.defer(Deferred::new(|| pr_info!("no section is left\n"), GFP_KERNEL)?);
    /// epoch.barrier();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn defer<F: FnOnce() + Send + 'static>(&self, deferred: KBox<Deferred<F>>) {
        // SAFETY: `into_head` leaks the box, so the head is valid and exclusive until `callback`
        // takes it back. The closure is `Send` and `'static`. Unloading the module that contains
        // its code waits for it.
        unsafe { self.call(Deferred::into_head(deferred), Deferred::<F>::callback) };
    }

    /// Bounds the number of pending callbacks. Call before [`Epoch::call`] or [`Epoch::defer`]
    /// where sleeping is allowed: at `callbacks_limit` (in sysfs) it waits until half of them, or
    /// all that were pending at the call, have been invoked. Context as for [`Epoch::barrier`].
    ///
    /// If all callers do so, at most the limit, and one for each task, are pending. Callers in
    /// other contexts cannot wait; grace periods are expedited while more than half the limit is
    /// pending.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Deferred, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// for _ in 0..100 {
    ///     epoch.throttle();
    ///     epoch.defer(Deferred::new(|| (), GFP_KERNEL)?);
    /// }
    /// # epoch.barrier();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn throttle(&self) {
        if self.can_wait_for_callbacks() {
            self.wait_below_limit();
        }
    }

    /// Waits until every callback that was queued before the call has returned. Process context;
    /// sleeps. Not inside a section of the same epoch. In a callback of the same epoch, where it
    /// would never return, it warns and returns immediately.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Deferred, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.defer(Deferred::new(|| (), GFP_KERNEL)?);
    /// epoch.barrier();
    /// assert_eq!(epoch.pending(), 0);
    /// # Ok::<(), Error>(())
    /// ```
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

    /// Returns the number of callbacks that were queued and have not returned: exact when nothing
    /// moves, a snapshot otherwise. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Deferred, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// let section = epoch.enter_detached();
    /// epoch.defer(Deferred::new(|| (), GFP_KERNEL)?);
    /// assert_eq!(epoch.pending(), 1);
    /// drop(section);
    /// # epoch.barrier();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn pending(&self) -> usize {
        self.count_pending()
    }

    /// Returns the number of sections that are open: exact when nothing moves, a snapshot
    /// otherwise. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let section = epoch.enter_detached();
    /// assert_eq!(epoch.readers(), 1);
    /// # drop(section);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn readers(&self) -> usize {
        self.domain.readers()
    }

    /// Returns the number of advances so far. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let before = epoch.epoch();
    /// epoch.synchronize();
    /// assert!(epoch.epoch() != before);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn epoch(&self) -> usize {
        self.domain.epoch()
    }

    /// Returns the number of grace periods that have ended. Any context.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// epoch.synchronize();
    /// assert_eq!(epoch.grace_periods(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn grace_periods(&self) -> usize {
        self.domain.grace_periods()
    }

    /// Makes the epoch and the number of its grace periods wrap around after `distance` of them, for
    /// tests. Nobody uses the epoch yet.
    #[doc(hidden)]
    pub fn start_before_wrap(&self, distance: usize) {
        self.domain.start_before_wrap(distance);
    }

    /// Executes the updater's half of the asymmetric barriers whose other half readers execute, for
    /// tests. Process context; sleeps.
    #[doc(hidden)]
    pub fn heavy_barrier(&self) {
        self.domain.platform().heavy_barrier(Pace::Normal);
    }

    /// `true` if sections are reported to lockdep, which costs more than they do.
    const LOCKDEP: bool = cfg!(CONFIG_DEBUG_LOCK_ALLOC);

    /// Reports to lockdep that a section is entered. Any context.
    #[inline(always)]
    pub(crate) fn enter_lockdep(&self, ip: impl FnOnce() -> Ip) {
        if Self::LOCKDEP {
            // An increment of more than one instruction may lose that of an NMI.
            let safe = cfg!(CONFIG_ARCH_HAS_NMI_SAFE_THIS_CPU_OPS);
            kernel::warn_on!(!safe && in_nmi());
            self.lockdep.enter(ip());
        }
    }

    /// Reports to lockdep that a section is left. Any context.
    #[inline(always)]
    pub(crate) fn leave_lockdep(&self, ip: impl FnOnce() -> Ip) {
        if Self::LOCKDEP {
            self.lockdep.leave(ip());
        }
    }

    /// Returns the epoch's directory in sysfs, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn sysfs(&self) -> &kernel_ext::kobject::DirectoryOf<Self> {
        self.lifetime.files.get()
    }

    /// Returns the statistics and the stall detector of the epoch.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Returns the underlying domain, for tests.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn domain(&self) -> &Domain<KernelPlatform> {
        &self.domain
    }
}

/// A read-side section; dropping it leaves the section.
///
/// A guard stays with the task or context that entered the section.
#[must_use = "the section is left when the guard is dropped, at once if it is unused"]
pub struct Guard<'a> {
    // Dropped after the report to lockdep.
    section: Detached<'a>,
    _not_send: NotThreadSafe,
}

impl Guard<'_> {
    /// Leaves the section and enters a new one: for long sections, so that they do not delay grace
    /// periods. Objects found before must no longer be used, as with a new guard.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::Epoch;
    /// let epoch = Epoch::new(c"example")?;
    /// let mut guard = epoch.enter();
    /// for _ in 0..10 {
    ///     // Find an object, and use it.
    ///     guard.observe();
    /// }
    /// # drop(guard);
    /// # Ok::<(), Error>(())
    /// ```
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
    /// Returns the epoch of the section.
    #[inline(always)]
    pub fn epoch(&self) -> &'a Epoch {
        self.epoch
    }

    /// Leaves the section and enters a new one.
    #[inline(always)]
    fn renew(&mut self) {
        // SAFETY: The section is taken once, here: another replaces it before anyone reads it.
        let section = unsafe { ManuallyDrop::take(&mut self.section) };
        // SAFETY: By the type invariant `section` was entered in this epoch.
        unsafe { self.epoch.end(section) };
        // INVARIANT: The new section is entered in `epoch`.
        self.section = ManuallyDrop::new(self.epoch.begin());
    }

    /// Returns the bare section, without a lifetime. Only the result of [`Detached::from_raw`]
    /// leaves it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use epoch::{Detached, Epoch};
    /// let epoch = Epoch::new(c"example")?;
    /// let section = epoch.enter_detached().into_raw();
    /// // In a completion handler:
    /// // SAFETY: The section was entered in this epoch, and is left once.
    /// drop(unsafe { Detached::from_raw(&epoch, section) });
    /// assert_eq!(epoch.readers(), 0);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline(always)]
    pub fn into_raw(self) -> Section {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: The section is taken once, here: `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.section) }
    }

    /// Converts back from [`Detached::into_raw`].
    ///
    /// # Safety
    ///
    /// `section` was entered in `epoch`.
    #[inline(always)]
    pub unsafe fn from_raw(epoch: &'a Epoch, section: Section) -> Self {
        // INVARIANT: `section` was entered in `epoch`, as this function requires.
        Self {
            epoch,
            section: ManuallyDrop::new(section),
        }
    }
}

impl Drop for Detached<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The section is taken once, here: `self` is not used after `drop`.
        let section = unsafe { ManuallyDrop::take(&mut self.section) };
        // SAFETY: By the type invariant `section` was entered in this epoch.
        unsafe { self.epoch.end(section) };
    }
}
