// SPDX-License-Identifier: GPL-2.0

//! Tasks of the kernel around the algorithm: waiters, the engine's task, and the workers that
//! invoke callbacks.

use crate::{Cookie, CpuQueue, Domain, Engine, Flaw, Machine, Members, Pace, Round, full_barrier};
use loom::{
    sync::{Condvar, Mutex},
    thread,
};
use std::{marker::PhantomData, ptr, sync::Arc};

/// Detects a grace period alone, as a task with preemption disabled does. Returns whether `cookie`
/// has passed.
pub fn alone<F: Flaw>(
    engine: &Engine<Machine<F>>,
    domain: &Domain<Machine<F>>,
    cookie: Cookie,
) -> bool {
    engine.alone(domain, cookie, Pace::Normal)
}

/// Event that a task sleeps on. It remembers one wake-up.
pub struct Event {
    state: Mutex<EventState>,
    changed: Condvar,
}

#[derive(Default)]
struct EventState {
    set: bool,
    stopping: bool,
}

impl Event {
    /// Creates an event that has not happened.
    pub fn new() -> Self {
        Self {
            state: Mutex::new(EventState::default()),
            changed: Condvar::new(),
        }
    }

    /// Wakes the task.
    pub fn set(&self) {
        self.state.lock().unwrap().set = true;
        self.changed.notify_all();
    }

    /// Makes [`Event::wait`] return false instead of sleeping.
    pub fn stop(&self) {
        self.state.lock().unwrap().stopping = true;
        self.changed.notify_all();
    }

    /// Sleeps until the task is woken, unless it was. Returns false if it must stop.
    pub fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        while !state.set {
            if state.stopping {
                return false;
            }
            state = self.changed.wait(state).unwrap();
        }
        state.set = false;
        true
    }

    /// Clears a pending wake-up. Returns whether there was one.
    fn take(&self) -> bool {
        std::mem::take(&mut self.state.lock().unwrap().set)
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

/// Wait queue of the tasks that wait for grace periods of a domain.
pub struct Sleepers(Mutex<Vec<(Cookie, Arc<Event>)>>);

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Adds the caller, which sleeps on the result unless its grace period has passed by then.
    fn prepare(&self, cookie: Cookie) -> Arc<Event> {
        let event = Arc::new(Event::new());
        self.0.lock().unwrap().push((cookie, event.clone()));
        // The barrier of `set_current_state()`.
        full_barrier();
        event
    }

    /// Removes the caller.
    fn finish(&self, event: &Arc<Event>) {
        self.0
            .lock()
            .unwrap()
            .retain(|(_, other)| !Arc::ptr_eq(other, event));
    }

    /// Wakes the waiters whose cookie has passed.
    pub(crate) fn wake(&self, has_passed: impl Fn(Cookie) -> bool) {
        self.0.lock().unwrap().retain(|(cookie, event)| {
            let passed = has_passed(*cookie);
            if passed {
                event.set();
            }
            !passed
        });
    }
}

/// An engine with its task.
pub struct EngineTask<F: Flaw> {
    engine: Engine<Machine<F>>,
    event: Event,
}

impl<F: Flaw> EngineTask<F> {
    /// Creates an engine without members.
    pub fn new() -> Self {
        Self {
            engine: Engine::new(),
            event: Event::new(),
        }
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine<Machine<F>> {
        &self.engine
    }

    /// Begins a wait for `cookie`, and kicks the engine for `domain`.
    pub fn begin_wait(&self, domain: &Domain<Machine<F>>, cookie: Cookie) {
        domain.begin_wait(cookie, Pace::Normal);
        self.kick(domain);
    }

    /// Kicks the engine for `domain`.
    pub fn kick(&self, domain: &Domain<Machine<F>>) {
        // SAFETY: The domain belongs to this engine, and the tests keep it until it has left.
        self.hear(unsafe { self.engine.kick(domain) });
    }

    /// Wakes the task if a kick has said so.
    fn hear(&self, kicked: bool) {
        if kicked && F::HEARS_KICKS {
            self.event.set();
        }
    }

    /// Makes a queue that the caller tends wait for a grace period.
    pub fn collect(&self, callbacks: &Callbacks<F>, domain: &Domain<Machine<F>>) {
        // SAFETY: The caller is the tender; the queue is one of `domain`, which the tests keep
        // until it has left.
        self.hear(unsafe { callbacks.queue.collect(&self.engine, domain) });
    }

    /// Waits for a grace period as `Epoch::synchronize` does. No reader may hold the domain
    /// forever.
    pub fn synchronize(&self, domain: &Domain<Machine<F>>) {
        let cookie = domain.snapshot();
        if !alone(&self.engine, domain, cookie) {
            self.wait(domain, cookie);
        }
    }

    /// Waits for a grace period as the sleeping part of `Epoch::synchronize` does.
    pub fn wait(&self, domain: &Domain<Machine<F>>, cookie: Cookie) {
        self.begin_wait(domain, cookie);
        self.sleep(domain, cookie, || ());
    }

    /// Sleeps and ends the wait. `others` runs after the last look before the sleep.
    pub fn sleep(&self, domain: &Domain<Machine<F>>, cookie: Cookie, others: impl FnOnce()) {
        let sleepers = domain.platform().sleepers();
        let event = sleepers.prepare(cookie);
        let has_passed = domain.poll(cookie);
        others();
        if !has_passed {
            event.wait();
        }
        sleepers.finish(&event);
        domain.end_wait(Pace::Normal);
    }

    /// Runs the engine's task: rounds, until it must stop and there are no members.
    pub fn run(&self) {
        let mut members = Members::default();
        loop {
            match self.engine.round(&mut members) {
                Round::Progress { .. } => (),
                // Rests for a while.
                Round::Wait { .. } => {
                    if self.engine.rest() {
                        thread::yield_now();
                    }
                }
                Round::Idle => {
                    if self.engine.rest() && !self.event.wait() {
                        return;
                    }
                }
            }
        }
    }

    /// Runs rounds until there are no members, as the engine's task would do now.
    pub fn run_until_idle(&self) {
        self.resume_until_idle(&mut Members::default());
    }

    /// Runs rounds like [`EngineTask::run_until_idle`], after rounds that have left `members`.
    pub fn resume_until_idle(&self, members: &mut Members<Machine<F>>) {
        loop {
            match self.engine.round(members) {
                Round::Progress { .. } => (),
                Round::Wait { .. } => thread::yield_now(),
                Round::Idle if self.engine.rest() => return,
                Round::Idle => (),
            }
        }
    }

    /// Makes the task stop.
    pub fn stop(&self) {
        self.event.stop();
    }
}

impl<F: Flaw> Default for EngineTask<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// A queue of callbacks, and the work item that invokes them.
#[repr(C)]
pub struct Callbacks<F: Flaw> {
    // First, so that its address is that of the whole struct.
    queue: CpuQueue<Machine<F>>,
    dispatched: Event,
    running: std::sync::atomic::AtomicBool,
    _flaw: PhantomData<F>,
}

impl<F: Flaw> Callbacks<F> {
    /// Creates a queue without callbacks.
    pub fn new() -> Self {
        Self {
            queue: CpuQueue::new(),
            dispatched: Event::new(),
            running: std::sync::atomic::AtomicBool::new(false),
            _flaw: PhantomData,
        }
    }

    /// Returns the queue.
    pub fn queue(&self) -> &CpuQueue<Machine<F>> {
        &self.queue
    }

    /// Returns the object that `queue` is a field of.
    ///
    /// # Safety
    ///
    /// `queue` is the `queue` field of such an object.
    pub(crate) unsafe fn from_queue(queue: &CpuQueue<Machine<F>>) -> &Self {
        // SAFETY: `queue` is the first field of a `repr(C)` `Callbacks`, as this function
        // requires.
        unsafe { &*ptr::from_ref(queue).cast() }
    }

    /// Schedules the work, once more if it is running.
    pub(crate) fn dispatch(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        if F::DISPATCHES_WHILE_RUNNING || !self.running.load(Relaxed) {
            self.dispatched.set();
        }
    }

    /// Runs the worker: calls `work` after each dispatch, until it must stop.
    pub fn run(&self, work: impl Fn()) {
        use std::sync::atomic::Ordering::Relaxed;
        while self.dispatched.wait() {
            self.running.store(true, Relaxed);
            work();
            self.running.store(false, Relaxed);
        }
    }

    /// Returns whether the work was dispatched; the caller must then do it instead of
    /// [`Callbacks::run`].
    pub fn take_dispatch(&self) -> bool {
        self.dispatched.take()
    }

    /// Makes the worker stop when it has nothing to do.
    pub fn stop(&self) {
        self.dispatched.stop();
    }
}

impl<F: Flaw> Default for Callbacks<F> {
    fn default() -> Self {
        Self::new()
    }
}
