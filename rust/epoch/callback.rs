// SPDX-License-Identifier: GPL-2.0

//! Callbacks: how they are queued, and the worker that invokes them, one for each CPU.
//!
//! What becomes of a callback between the two is in [`domain`](crate::domain::CpuQueue).

use crate::{
    barrier::Marker,
    domain::{
        list::Node,
        CpuQueue, //
    },
    helpers,
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
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        barrier::{
            smp_mb,
            Read, //
        }, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};
use kernel_ext::{
    once::Once,
    percpu::this_cpu_inc,
    sched::NoPreemption, //
};
use pin_init::Zeroable;

/// A callback: gets the [`Head`] that was passed to [`Epoch::call`].
pub type Callback = unsafe extern "C" fn(*mut Head);

/// What an object embeds to be passed to [`Epoch::call`].
///
/// It has its name in C, since that is part of the type that `CONFIG_CFI` checks when a callback is
/// invoked.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct epoch_context {
    // First, so that its address is that of the whole.
    node: Node<KernelLinks>,
    // Written before the node is put on a list, read when it was taken off. `None` in a `Marker`.
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

// SAFETY: A head is only data until it is passed to `Epoch::call`, which says what then holds.
unsafe impl Send for Head {}
// SAFETY: It has no methods that take a shared reference.
unsafe impl Sync for Head {}

/// The callbacks of one epoch and CPU.
///
/// # Invariants
///
/// `epoch` and `cpu` say whose they are from when the queue has a tender. Only the tender writes them,
/// and initialises the work item. The work item is queued by the engine only, once for each time that
/// the queue is handed to it, so that the worker is the tender when it runs.
#[repr(C)]
pub(crate) struct CpuCallbacks {
    queue: CpuQueue<KernelPlatform>,
    /// The number of callbacks that were queued on this CPU.
    queued: Once,
    /// The number of callbacks that have returned. Written by the worker.
    invoked: Once,
    epoch: Atomic<*const Epoch>,
    cpu: Once,
    /// Starts the worker; initialised when `has_work`.
    work: Opaque<bindings::work_struct>,
    has_work: UnsafeCell<bool>,
}

// SAFETY: Zeroed, its queue is empty, the numbers are 0, and nothing is set up.
unsafe impl Zeroable for CpuCallbacks {}
// SAFETY: See the type invariants.
unsafe impl Send for CpuCallbacks {}
// SAFETY: See the type invariants.
unsafe impl Sync for CpuCallbacks {}

impl CpuCallbacks {
    /// Says whose they are, when they are used for the first time.
    ///
    /// # Safety
    ///
    /// The caller is the queue's tender, and these are those of `epoch` and `cpu`.
    unsafe fn set_up(&self, epoch: &Epoch, cpu: CpuId) {
        if self.epoch.load(Relaxed).is_null() {
            self.cpu.write(cpu.as_u32() as usize);
            // INVARIANT: As the caller has promised.
            self.epoch.store(epoch, Relaxed);
        }
    }

    pub(crate) fn of(queue: &CpuQueue<KernelPlatform>) -> &Self {
        // SAFETY: The queues of an epoch's domain are the first fields of these.
        unsafe { &*ptr::from_ref(queue).cast() }
    }

    /// # Safety
    ///
    /// The caller, or somebody on behalf of whom it acts, has something queued or to invoke here.
    unsafe fn epoch<'a>(&self) -> &'a Epoch {
        // SAFETY: It is set; the epoch stays as long as the queue is not idle.
        unsafe { &*self.epoch.load(Relaxed) }
    }

    /// Puts a marker behind all callbacks that were queued before. It is not counted as one.
    ///
    /// # Safety
    ///
    /// `head` is that of a [`Marker`], which stays until it has been reached. These are those of `epoch`
    /// and `cpu`.
    pub(crate) unsafe fn queue_marker(&self, epoch: &Epoch, cpu: CpuId, head: NonNull<Head>) {
        // Others' callbacks rely on the tender.
        let _on_this_cpu = NoPreemption::new();
        // SAFETY: It stays until it has been reached.
        if unsafe { self.queue.push(head.cast()) } {
            // The others have been invoked meanwhile.
            // SAFETY: This is the queue's tender, and none wait.
            unsafe {
                self.set_up(epoch, cpu);
                self.collect();
            }
        }
    }

    /// Whether there are no callbacks, and nobody touches this but to queue one.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }

    /// Has the fresh callbacks wait for a grace period.
    ///
    /// # Safety
    ///
    /// The caller is the queue's tender, and none wait.
    unsafe fn collect(&self) {
        // SAFETY: There are callbacks to be collected.
        let epoch = unsafe { self.epoch() };
        // Not before: debug objects take locks, which is nothing for an NMI.
        // SAFETY: The caller is the tender, so that the work item is not queued.
        unsafe {
            if !*self.has_work.get() {
                helpers::epoch_invocation_init(self.work.get().cast());
                *self.has_work.get() = true;
            }
        }
        epoch.flavour().wake_if(|engine| {
            // SAFETY: The caller is the tender, and none wait. An epoch is not freed before its queues
            // are idle and it has left its engine.
            unsafe { self.queue.collect(engine, &epoch.domain) }
        });
    }

    /// Has the worker run, once more if it is running. For the engine, once for each time that the
    /// queue waits.
    pub(crate) fn start_invocation(&self) {
        // SAFETY: `collect` has set it up.
        unsafe {
            helpers::epoch_invocation_queue(self.work.get().cast(), self.cpu.read() as c_int)
        };
    }

    /// The worker: invokes the callbacks whose grace period has passed.
    fn run(&self) {
        // SAFETY: There are callbacks, or it would not have been started.
        let epoch = unsafe { self.epoch() };
        let ready = self.queue.take_ready().unwrap_or_default();
        // The number only grows until the first is invoked.
        epoch.callbacks.note_peak(epoch.count_pending());
        // The next grace period can pass while these are invoked.
        let is_waiting = self.queue.has_fresh();
        if is_waiting {
            // SAFETY: The worker is the tender, and has taken those that waited.
            unsafe { self.collect() };
        }
        // SAFETY: It is the worker, and the grace period has passed.
        let count = unsafe { self.invoke(ready) };
        if count > 0 {
            trace::callbacks(epoch.name(), count);
        }
        // If it has given the queue up, the epoch may be gone.
        if !is_waiting && !self.queue.release() {
            // SAFETY: The worker is still the tender, and none wait.
            unsafe { self.collect() };
        }
    }

    /// Invokes callbacks. Returns how many there were.
    ///
    /// # Safety
    ///
    /// For the worker; a grace period has passed since they were queued.
    unsafe fn invoke(&self, callbacks: Taken) -> usize {
        /// How often it lets others run.
        const STRIDE: usize = 16;

        let mut count = 0;
        for (index, node) in callbacks.enumerate() {
            let head: *mut Head = node.as_ptr().cast();
            // SAFETY: It is a head that is still valid, and off its list.
            let callback = unsafe { *(*head).callback.get() };
            match callback {
                Some(callback) => {
                    #[cfg(CONFIG_DEBUG_OBJECTS)]
                    // SAFETY: The head is still valid.
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
                // SAFETY: It is that of a marker, which stays until it is counted.
                None => unsafe { Marker::reached(head) },
            }
            if index % STRIDE == 0 {
                // SAFETY: Process context.
                unsafe { helpers::epoch_invocation_yield() };
            }
        }
        count
    }
}

/// Softirq context: a jiffy after the first callback was queued.
///
/// # Safety
///
/// `node` was passed to `epoch_queue_arrived` once.
#[no_mangle]
unsafe extern "C" fn __epoch_collect(node: *mut c_void) {
    // SAFETY: It is the node of a queue, whose tender has passed it on.
    let queue = unsafe { CpuQueue::from_node(NonNull::new_unchecked(node.cast())) };
    // SAFETY: This is the tender now. None wait, since nobody has collected before.
    unsafe { CpuCallbacks::of(queue).collect() };
}

/// Process context.
///
/// # Safety
///
/// `work` is that of a [`CpuCallbacks`], which is not idle.
#[no_mangle]
unsafe extern "C" fn __epoch_invoke(work: *mut bindings::work_struct) {
    // SAFETY: As this function requires.
    unsafe { &*container_of!(Opaque::cast_from(work), CpuCallbacks, work) }.run();
}

/// The workqueues of callbacks, while the module is there; dropping it ends them.
pub(crate) struct Workers(());

impl Workers {
    /// Makes the workqueues. May sleep.
    ///
    /// # Safety
    ///
    /// There are none, and no epoch.
    pub(crate) unsafe fn new() -> Result<Self> {
        // SAFETY: As this function requires.
        kernel::error::to_result(unsafe { helpers::epoch_callbacks_init() })?;
        Ok(Self(()))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // SAFETY: They were made, and no epoch is left.
        unsafe { helpers::epoch_callbacks_exit() };
    }
}

/// Counts and limits of an epoch's callbacks.
pub(crate) struct Callbacks {
    peak: Atomic<usize>,
    /// The limit, xor [`Callbacks::DEFAULT_LIMIT`].
    limit: Atomic<u32>,
}

impl Callbacks {
    /// Half of it is where `call_rcu()` begins to expedite.
    const DEFAULT_LIMIT: u32 = 20_000;

    pub(crate) const fn new() -> Self {
        Self {
            peak: Atomic::new(0),
            limit: Atomic::new(0),
        }
    }

    /// How many may be pending before those who can wait do; 0 for any number.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.load(Relaxed) ^ Self::DEFAULT_LIMIT
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit ^ Self::DEFAULT_LIMIT, Relaxed);
    }

    /// The most that were pending so far, as seen before callbacks were invoked. Any context.
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

    /// Queues a callback. Any context. As [`Epoch::call`].
    ///
    /// # Safety
    ///
    /// As for [`Epoch::call`].
    #[inline]
    pub(crate) unsafe fn queue(&self, head: NonNull<Head>, callback: Callback) {
        #[cfg(CONFIG_DEBUG_OBJECTS)]
        // SAFETY: The head is valid, as `call` requires.
        if !unsafe { helpers::epoch_head_queued(head.as_ptr().cast()) } {
            // It has been reported; to queue it again would break the list that it is on.
            return;
        }
        // SAFETY: The head is valid and this function's, as `call` requires.
        unsafe { *head.as_ref().callback.get() = Some(callback) };
        let cpus = &self.domain.platform().cpus;
        // Other callbacks rely on the first one's being passed on.
        let _on_this_cpu = NoPreemption::new();
        const QUEUED: usize = offset_of!(CpuSide, callbacks) + offset_of!(CpuCallbacks, queued);
        // Before the push, which orders it before the callback is counted as invoked.
        // SAFETY: There is a counter, which lives as long as `self`.
        unsafe { this_cpu_inc::<0>(cpus.offset() + QUEUED) };
        let callbacks = &cpus.this_cpu().callbacks;
        let queue = &callbacks.queue;
        // SAFETY: The node is valid, and left alone until the callback is invoked, as `call` requires.
        if unsafe { queue.push(head.cast()) } {
            // SAFETY: This is the queue's tender, which passes it on; preemption is disabled.
            unsafe {
                callbacks.set_up(self, CpuId::current());
                helpers::epoch_queue_arrived(queue.queue_node().as_ptr().cast());
            }
        }
    }

    /// The number of callbacks that have returned. Any context.
    pub(crate) fn invoked(&self) -> usize {
        let mut sum = 0usize;
        for cpu in self.cpus() {
            sum = sum.wrapping_add(cpu.invoked.read());
        }
        sum
    }

    /// The number of callbacks that were queued and have not returned: exact when nothing moves, a
    /// snapshot otherwise. Any context.
    pub(crate) fn count_pending(&self) -> usize {
        let invoked = self.invoked();
        // Whoever is counted there was counted as queued before: the list's exchanges order the two.
        smp_mb(Read);
        let mut queued = 0usize;
        for cpu in self.cpus() {
            queued = queued.wrapping_add(cpu.queued.read());
        }
        queued.wrapping_sub(invoked)
    }

    /// Whether that many callbacks are pending that grace periods are to be expedited. Any context.
    pub(crate) fn is_above_half_the_limit(&self) -> bool {
        match self.callbacks.limit() as usize {
            0 => false,
            limit => self.count_pending() > limit / 2,
        }
    }

    /// Whether that many callbacks are pending that those who can wait do. Any context.
    fn is_at_the_limit(&self) -> bool {
        match self.callbacks.limit() as usize {
            0 => false,
            limit => self.count_pending() >= limit,
        }
    }

    /// Whether a callback of this epoch is what calls: then it cannot wait for callbacks.
    pub(crate) fn is_in_callback(&self) -> bool {
        // SAFETY: No requirements.
        let current = unsafe { helpers::epoch_current_invocation() };
        !current.is_null()
            && self
                .cpus()
                .any(|cpu| ptr::eq(cpu.work.get().cast(), current))
    }

    pub(crate) fn wait_below_limit(&self) {
        // To be told by the last of them would cost each of them more than it spares here.
        const PAUSE: Delta = Delta::from_micros(100);

        if !self.is_at_the_limit() {
            return;
        }
        // Others may queue more all the time.
        let enough = self.invoked().wrapping_add(self.count_pending());
        let are_left = || (enough.wrapping_sub(self.invoked()) as isize) > 0;
        while self.is_above_half_the_limit() && are_left() {
            fsleep(PAUSE);
        }
    }

    /// Whether nobody but those who use the epoch touches it. Nobody queues callbacks any more, and
    /// none are pending. A full barrier if so.
    pub(crate) fn has_no_tenders(&self) -> bool {
        self.cpus().all(CpuCallbacks::is_idle) && self.domain.has_left()
    }
}

/// A closure to be run after a grace period, with the [`Head`] that it takes: for [`Epoch::defer`].
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

    /// The head of a boxed closure, which [`Deferred::callback`] takes back.
    pub(crate) fn into_head(this: KBox<Self>) -> NonNull<Head> {
        // SAFETY: A box's pointer is not null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(this).cast()) }
    }

    /// # Safety
    ///
    /// `head` was returned by [`Deferred::into_head`] of this type, and is not used after this.
    pub(crate) unsafe extern "C" fn callback(head: *mut Head) {
        // SAFETY: It is the first field of such a box.
        let this = unsafe { KBox::from_raw(head.cast::<Self>()) };
        let Self { head: _, run } = KBox::into_inner(this);
        run();
    }
}
