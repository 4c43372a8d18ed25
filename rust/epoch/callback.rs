// SPDX-License-Identifier: GPL-2.0

//! Queueing of callbacks, and the worker that invokes them, one for each CPU.
//!
//! See [`CpuQueue`] for the stages in between.

use crate::{
    barrier::Marker,
    domain::{
        list::Node,
        CpuQueue, //
    },
    helpers,
    histogram::Histogram,
    links::{
        KernelLinks,
        Taken, //
    },
    platform::{
        CpuSide,
        KernelPlatform, //
    },
    trace,
    Epoch, //
};
use core::{
    cell::UnsafeCell,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    alloc::Flags,
    bindings,
    container_of,
    cpu::CpuId,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};
use kernel_ext::{
    clock::monotonic_fast_ns,
    compat::smp_rmb,
    once::OnceWord,
    percpu::this_cpu_inc,
    sched::NoPreemption, //
};
use pin_init::Zeroable;

/// A callback, invoked with the [`Head`] that was passed to [`Epoch::call`].
pub type Callback = unsafe extern "C" fn(*mut Head);

/// The head of a callback, embedded in an object; see [`Epoch::call`].
///
/// The name is that of the C type, since `CONFIG_CFI` checks it when a callback is invoked.
#[repr(C)]
pub struct epoch_context {
    // First, so that its address is that of the whole.
    node: Node<KernelLinks>,
    // Written before the node is put on a list, read after it was taken off. `None` in a `Marker`.
    callback: UnsafeCell<Option<Callback>>,
}

/// The Rust name of [`epoch_context`].
pub type Head = epoch_context;

impl Head {
    /// Creates a head that is not queued.
    pub const fn new() -> Self {
        Self {
            node: Node::new(UnsafeCell::new(None)),
            callback: UnsafeCell::new(None),
        }
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: A head is plain data until it is passed to `Epoch::call`, which states the rules from
// then on.
unsafe impl Send for Head {}
// SAFETY: A head has no methods that take a shared reference.
unsafe impl Sync for Head {}

/// The callbacks of one epoch and CPU.
///
/// # Invariants
///
/// `epoch` and `cpu` name the owner once the queue has a tender. Only the tender writes them,
/// accesses the times, and initialises the work item. Only the engine queues the work item, once each time that the queue
/// is handed to it, so that the worker is the tender when it runs.
#[repr(C)]
pub(crate) struct CpuCallbacks {
    queue: CpuQueue<KernelPlatform>,
    /// The number of callbacks that were queued on this CPU.
    queued: OnceWord,
    /// The number of callbacks that have returned. Written by the worker.
    invoked: OnceWord,
    epoch: Atomic<*const Epoch>,
    cpu: OnceWord,
    /// No callback that is fresh was queued earlier, except for the one that made its caller the
    /// tender, and those of interrupts that came right then.
    fresh_since_ns: UnsafeCell<u64>,
    /// Likewise for those that wait.
    waiting_since_ns: UnsafeCell<u64>,
    /// The worker's work item; initialised if `has_work`.
    work: Opaque<bindings::work_struct>,
    has_work: UnsafeCell<bool>,
}

// SAFETY: When zeroed, the queue is empty, the numbers are 0, and nothing is set up.
unsafe impl Zeroable for CpuCallbacks {}
// SAFETY: Fields that are not atomic are the tender's by the type invariants.
unsafe impl Send for CpuCallbacks {}
// SAFETY: Fields that are not atomic are the tender's by the type invariants.
unsafe impl Sync for CpuCallbacks {}

impl CpuCallbacks {
    /// Notes the time since when there are callbacks; sets `epoch` and `cpu`, at the first use.
    ///
    /// # Safety
    ///
    /// The caller has just become the queue's tender, and `self` belongs to `epoch` and `cpu`.
    unsafe fn set_up(&self, epoch: &Epoch, cpu: CpuId, since_ns: u64) {
        // SAFETY: The caller is the tender.
        unsafe { *self.fresh_since_ns.get() = since_ns };
        if self.epoch.load(Relaxed).is_null() {
            self.cpu.write(cpu.as_u32() as usize);
            // INVARIANT: `self` belongs to `epoch` and `cpu`, as this function requires.
            self.epoch.store(epoch, Relaxed);
        }
    }

    pub(crate) fn of(queue: &CpuQueue<KernelPlatform>) -> &Self {
        // SAFETY: Each queue of an epoch's domain is the first field of a `CpuCallbacks`.
        unsafe { &*ptr::from_ref(queue).cast() }
    }

    /// # Safety
    ///
    /// The caller, or a task on behalf of which it acts, has a callback or marker queued or to
    /// invoke here.
    unsafe fn epoch<'a>(&self) -> &'a Epoch {
        // SAFETY: `epoch` is set; the epoch stays as long as the queue is not idle.
        unsafe { &*self.epoch.load(Relaxed) }
    }

    /// Queues a marker behind all callbacks that were queued before. It is not counted as a
    /// callback.
    ///
    /// # Safety
    ///
    /// `head` is that of a [`Marker`], which stays until it has been reached. `self` belongs to
    /// `epoch` and `cpu`.
    pub(crate) unsafe fn queue_marker(&self, epoch: &Epoch, cpu: CpuId, head: NonNull<Head>) {
        // Callbacks of others rely on the tender.
        let _on_this_cpu = NoPreemption::new();
        let since_ns = monotonic_fast_ns();
        // SAFETY: The marker stays until it has been reached.
        if unsafe { self.queue.push(head.cast()) } {
            // The other callbacks have been invoked since.
            // SAFETY: The caller is the queue's tender, and no callbacks wait.
            unsafe {
                self.set_up(epoch, cpu, since_ns);
                self.collect();
            }
        }
    }

    /// Returns whether there are no callbacks, so that only queueing one touches `self`.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }

    /// Makes the fresh callbacks wait for a grace period.
    ///
    /// # Safety
    ///
    /// The caller is the queue's tender, and none wait.
    unsafe fn collect(&self) {
        // SAFETY: The caller has callbacks to collect here.
        let epoch = unsafe { self.epoch() };
        // Not earlier: debug objects take locks, which an NMI must not.
        // SAFETY: The caller is the tender, so that the work item is not queued.
        unsafe {
            if !*self.has_work.get() {
                helpers::epoch_invocation_init(self.work.get().cast());
                *self.has_work.get() = true;
            }
        }
        // Before the queue is handed to the engine.
        // SAFETY: The caller is the tender.
        unsafe {
            *self.waiting_since_ns.get() = *self.fresh_since_ns.get();
            *self.fresh_since_ns.get() = monotonic_fast_ns();
        }
        epoch.flavour().wake_if(|engine| {
            // SAFETY: The caller is the tender, and none wait. An epoch is not freed before its
            // queues are idle and it has left its engine.
            unsafe { self.queue.collect(engine, &epoch.domain) }
        });
    }

    /// Queues the worker, again if it is running. For the engine, once each time that the queue
    /// waits.
    pub(crate) fn start_invocation(&self) {
        // SAFETY: `collect` has initialised the work item.
        unsafe {
            helpers::epoch_invocation_queue(self.work.get().cast(), self.cpu.read() as c_int)
        };
    }

    /// Runs the worker: invokes the callbacks whose grace period has passed.
    fn run(&self) {
        // SAFETY: The worker is started only when there are callbacks to invoke.
        let epoch = unsafe { self.epoch() };
        let ready = self.queue.take_ready().unwrap_or_default();
        // SAFETY: The worker is the tender.
        let since = unsafe { *self.waiting_since_ns.get() };
        // The number only grows until the first callback is invoked.
        epoch.callbacks.note_peak(epoch.count_pending_at_least());
        // The next grace period can pass during the invocation.
        let is_waiting = self.queue.has_fresh();
        if is_waiting {
            // SAFETY: The worker is the tender, and has taken the callbacks that waited.
            unsafe { self.collect() };
        }
        // SAFETY: This is the worker, and the grace period of `ready` has passed.
        let count = unsafe { self.invoke(ready) };
        if count > 0 {
            trace::callbacks(epoch.name(), count);
            // The clock may go back a little from one CPU to another.
            let took = monotonic_fast_ns().saturating_sub(since);
            epoch.callbacks.latencies.add(took, count);
        }
        // If the worker has released the queue, the epoch may be freed.
        if !is_waiting && !self.queue.release() {
            // SAFETY: The worker is still the tender, and none wait.
            unsafe { self.collect() };
        }
    }

    /// Invokes callbacks. Returns their number, without markers.
    ///
    /// # Safety
    ///
    /// For the worker; a grace period has passed since they were queued.
    unsafe fn invoke(&self, callbacks: Taken) -> usize {
        /// The number of callbacks between two yields of the CPU.
        const STRIDE: usize = 16;

        let mut count = 0;
        for (index, node) in callbacks.enumerate() {
            let head: *mut Head = node.as_ptr().cast();
            // SAFETY: `head` is still valid, as `Epoch::call` requires, and off its list.
            let callback = unsafe { *(*head).callback.get() };
            match callback {
                Some(callback) => {
                    #[cfg(CONFIG_DEBUG_OBJECTS)]
                    // SAFETY: `head` is still valid.
                    unsafe {
                        helpers::epoch_head_invoked(head.cast())
                    };
                    // SAFETY: No requirements.
                    if unsafe { helpers::epoch_module_goes() } {
                        // SAFETY: The address is not followed.
                        unsafe { helpers::epoch_callback_invoked(callback as usize) };
                    }
                    // SAFETY: The grace period has passed, which is what `Epoch::call` promises.
                    unsafe { callback(head) };
                    self.invoked.write(self.invoked.read().wrapping_add(1));
                    count += 1;
                }
                // SAFETY: Without a callback, `head` is that of a marker, which stays until it is
                // counted.
                None => unsafe { Marker::reached(head) },
            }
            if index % STRIDE == 0 {
                // SAFETY: The worker runs in process context.
                unsafe { helpers::epoch_invocation_yield() };
            }
        }
        count
    }
}

/// Collects a queue, a jiffy after its first callback was queued. Softirq context.
///
/// # Safety
///
/// `node` was passed to `epoch_queue_arrived` once.
#[no_mangle]
unsafe extern "C" fn __epoch_collect(node: *mut c_void) {
    // SAFETY: `node` is that of a queue, passed on by its tender.
    let queue = unsafe { CpuQueue::from_node(NonNull::new_unchecked(node.cast())) };
    // SAFETY: The caller is the tender now. No callbacks wait, since none have been collected.
    unsafe { CpuCallbacks::of(queue).collect() };
}

/// Runs the worker of a work item. Process context.
///
/// # Safety
///
/// `work` is that of a [`CpuCallbacks`] that is not idle.
#[no_mangle]
unsafe extern "C" fn __epoch_invoke(work: *mut bindings::work_struct) {
    // SAFETY: `work` is that of a live `CpuCallbacks`, as this function requires.
    unsafe { &*container_of!(Opaque::cast_from(work), CpuCallbacks, work) }.run();
}

/// The workqueues of callbacks; dropping it destroys them.
pub(crate) struct Workers(());

impl Workers {
    /// Creates the workqueues. May sleep.
    ///
    /// # Safety
    ///
    /// Neither workqueues nor an epoch exist.
    pub(crate) unsafe fn new() -> Result<Self> {
        // SAFETY: Neither workqueues nor an epoch exist, as this function requires.
        kernel::error::to_result(unsafe { helpers::epoch_callbacks_init() })?;
        Ok(Self(()))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // SAFETY: `new` created them, and no epoch is left.
        unsafe { helpers::epoch_callbacks_exit() };
    }
}

/// Counts and limits of an epoch's callbacks.
pub(crate) struct Callbacks {
    peak: Atomic<usize>,
    /// The limit, xor [`Callbacks::DEFAULT_LIMIT`].
    limit: Atomic<u32>,
    /// Times from the queueing to the return, at most: that of the oldest of those that were
    /// invoked together.
    pub(crate) latencies: Histogram,
}

impl Callbacks {
    /// Half of it is the number at which `call_rcu()` begins to expedite.
    const DEFAULT_LIMIT: u32 = 20_000;

    pub(crate) const fn new() -> Self {
        Self {
            peak: Atomic::new(0),
            limit: Atomic::new(0),
            latencies: Histogram::new(),
        }
    }

    /// Returns the number of pending callbacks from which `throttle` waits; 0 for no limit.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.load(Relaxed) ^ Self::DEFAULT_LIMIT
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit ^ Self::DEFAULT_LIMIT, Relaxed);
    }

    /// Returns the highest number of pending callbacks so far, as seen before invocations. Any
    /// context.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    fn note_peak(&self, pending: usize) {
        if pending > self.peak() {
            self.peak.store(pending, Relaxed);
        }
    }
}

impl Epoch {
    pub(crate) fn cpus(&self) -> impl Iterator<Item = &CpuCallbacks> {
        self.domain.platform().cpus.iter().map(|cpu| &cpu.callbacks)
    }

    /// Queues a callback as [`Epoch::call`] does. Any context.
    ///
    /// # Safety
    ///
    /// The requirements are those of [`Epoch::call`].
    #[inline]
    pub(crate) unsafe fn queue(&self, head: NonNull<Head>, callback: Callback) {
        #[cfg(CONFIG_DEBUG_OBJECTS)]
        // SAFETY: `head` is valid, as `call` requires.
        if !unsafe { helpers::epoch_head_queued(head.as_ptr().cast()) } {
            // The double queueing has been reported; a second push would corrupt the list.
            return;
        }
        // SAFETY: `head` is valid and exclusive, as `call` requires.
        unsafe { *head.as_ref().callback.get() = Some(callback) };
        let cpus = &self.domain.platform().cpus;
        // Later callbacks rely on the first one's being passed on.
        let _on_this_cpu = NoPreemption::new();
        const QUEUED: usize = offset_of!(CpuSide, callbacks) + offset_of!(CpuCallbacks, queued);
        // Before the push, which orders it before the callback is counted as invoked.
        // SAFETY: The offset is that of a counter of this CPU, which lives as long as `self`.
        unsafe { this_cpu_inc::<0>(cpus.offset() + QUEUED) };
        let callbacks = &cpus.this_cpu().callbacks;
        let queue = &callbacks.queue;
        // SAFETY: The node is valid, and not touched until the callback is invoked, as `call`
        // requires.
        if unsafe { queue.push(head.cast()) } {
            // SAFETY: The caller is the queue's tender and passes it on; preemption is disabled.
            unsafe {
                // Not earlier: only the first of many callbacks takes the time.
                callbacks.set_up(self, CpuId::current(), monotonic_fast_ns());
                helpers::epoch_queue_arrived(queue.queue_node().as_ptr().cast());
            }
        }
    }

    /// Returns the number of callbacks that have returned. Any context.
    pub(crate) fn invoked(&self) -> usize {
        let mut sum = 0usize;
        for cpu in self.cpus() {
            sum = sum.wrapping_add(cpu.invoked.read());
        }
        sum
    }

    /// Returns the number of callbacks that were queued. Any context.
    fn queued(&self) -> usize {
        let mut sum = 0usize;
        for cpu in self.cpus() {
            sum = sum.wrapping_add(cpu.queued.read());
        }
        sum
    }

    /// Returns the number of callbacks that were queued and have not returned: exact when nothing
    /// moves, a snapshot otherwise, which may be too high by those that were queued and returned
    /// meanwhile. Any context.
    pub(crate) fn count_pending(&self) -> usize {
        let invoked = self.invoked();
        // A callback in `invoked` was counted in `queued` before: the list's exchanges order the
        // two.
        smp_rmb();
        self.queued().wrapping_sub(invoked)
    }

    /// Returns a number of callbacks that were pending at some time during the call, or a lower
    /// one. Any context.
    pub(crate) fn count_pending_at_least(&self) -> usize {
        let queued = self.queued();
        // A callback that is counted here, and not in `invoked`, which is read later, was pending in
        // between.
        smp_rmb();
        (queued.wrapping_sub(self.invoked()) as isize).max(0) as usize
    }

    /// Returns whether more than half the limit of callbacks is pending, so that grace periods are
    /// expedited. Any context.
    pub(crate) fn is_above_half_the_limit(&self) -> bool {
        match self.callbacks.limit() as usize {
            0 => false,
            limit => self.count_pending() > limit / 2,
        }
    }

    /// Returns whether at least the limit of callbacks is pending, so that `throttle` waits. Any
    /// context.
    fn is_at_the_limit(&self) -> bool {
        match self.callbacks.limit() as usize {
            0 => false,
            limit => self.count_pending() >= limit,
        }
    }

    /// Returns whether the caller is a callback of this epoch, which cannot wait for callbacks.
    pub(crate) fn is_in_callback(&self) -> bool {
        // SAFETY: No requirements.
        let current = unsafe { helpers::epoch_current_invocation() };
        !current.is_null()
            && self
                .cpus()
                .any(|cpu| ptr::eq(cpu.work.get().cast(), current))
    }

    pub(crate) fn wait_below_limit(&self) {
        // Polling: a notification would cost each callback more than it saves here.
        const PAUSE: Delta = Delta::from_micros(100);

        if !self.is_at_the_limit() {
            return;
        }
        // Others may queue more callbacks all the time.
        let enough = self.invoked().wrapping_add(self.count_pending());
        let are_left = || (enough.wrapping_sub(self.invoked()) as isize) > 0;
        while self.is_above_half_the_limit() && are_left() {
            fsleep(PAUSE);
        }
    }

    /// Returns whether only its users touch the epoch. To be called when no callbacks are queued
    /// any more and none are pending. A full barrier if so.
    pub(crate) fn has_no_tenders(&self) -> bool {
        self.cpus().all(CpuCallbacks::is_idle) && self.domain.has_left()
    }
}

/// A closure that runs after a grace period, with its [`Head`]; see [`Epoch::defer`].
///
/// # Examples
///
/// ```
/// use epoch::{Deferred, Epoch};
///
/// let epoch = Epoch::new(c"example")?;
/// // Allocate where that may fail; queuing it does not.
/// let deferred = Deferred::new(|| pr_info!("a grace period has passed\n"), GFP_KERNEL)?;
/// epoch.defer(deferred);
/// # epoch.barrier();
/// # Ok::<(), Error>(())
/// ```
#[repr(C)]
pub struct Deferred<F> {
    // First, so that its address is that of the whole.
    head: Head,
    run: F,
}

impl<F: FnOnce() + Send + 'static> Deferred<F> {
    /// Allocates room for `run` and its head. [`ENOMEM`] when there is none.
    pub fn new(run: F, flags: Flags) -> Result<KBox<Self>> {
        Ok(KBox::new(
            Self {
                head: Head::new(),
                run,
            },
            flags,
        )?)
    }

    /// Leaks a boxed closure, which [`Deferred::callback`] takes back, and returns its head.
    pub(crate) fn into_head(this: KBox<Self>) -> NonNull<Head> {
        // SAFETY: A box's pointer is not null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(this).cast()) }
    }

    /// # Safety
    ///
    /// `head` was returned by [`Deferred::into_head`] of this type, and is not used afterwards.
    pub(crate) unsafe extern "C" fn callback(head: *mut Head) {
        // SAFETY: `head` is the first field of a leaked box of this type, as this function
        // requires.
        let this = unsafe { KBox::from_raw(head.cast::<Self>()) };
        let Self { head: _, run } = KBox::into_inner(this);
        run();
    }
}
