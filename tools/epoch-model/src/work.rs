// SPDX-License-Identifier: GPL-2.0

//! A work item on a workqueue of the kernel, as far as callbacks depend on what it does.
//!
//! `queue_work()` marks the item with a read-modify-write that is a full barrier, also if the mark was
//! there already, and then, with interrupts still disabled, takes the pool's lock to put it on the
//! queue. The worker takes it off with that lock held, and the mark with it, by a store that has a full
//! barrier behind it, before it calls the function. `flush_work()`, with the lock held, looks whether
//! the item is on the queue, or else being worked on, and waits for the end of that.

use crate::{CPUS, Flaw, Slip, full_barrier};
use loom::sync::{
    Condvar, Mutex,
    atomic::{AtomicBool, Ordering},
};
use std::marker::PhantomData;

/// The work item, its queue and its worker.
pub struct Work<F> {
    /// Set while the item is on the queue, or about to be.
    marked: AtomicBool,
    pool: Mutex<Pool>,
    changed: Condvar,
    /// Held while interrupts are disabled on the CPU.
    interrupts: [Mutex<()>; CPUS],
    _flaw: PhantomData<F>,
}

#[derive(Default)]
struct Pool {
    queued: bool,
    begun: usize,
    ended: usize,
    stopping: bool,
}

impl<F: Flaw> Work<F> {
    /// An item that is not queued.
    pub fn new() -> Self {
        Self {
            marked: AtomicBool::new(false),
            pool: Mutex::new(Pool::default()),
            changed: Condvar::new(),
            interrupts: std::array::from_fn(|_| Mutex::new(())),
            _flaw: PhantomData,
        }
    }

    /// Has the function called after now, on `cpu`.
    pub fn enqueue(&self, cpu: usize) {
        let _disabled = self.interrupts[cpu].lock().unwrap();
        full_barrier();
        let marked = self.marked.swap(true, Ordering::AcqRel);
        full_barrier();
        if !marked {
            self.pool.lock().unwrap().queued = true;
            self.changed.notify_all();
        }
    }

    /// Waits for the work that was queued before the call. Returns whether there was any.
    pub fn flush(&self) -> bool {
        if F::SLIP != Some(Slip::NoInterrupts) {
            // An interrupt is taken where they are enabled.
            for cpu in &self.interrupts {
                drop(cpu.lock().unwrap());
            }
        }
        let mut pool = self.pool.lock().unwrap();
        let last = pool.begun + usize::from(pool.queued);
        if pool.ended == last || F::SLIP == Some(Slip::QueuedOnly) && !pool.queued {
            return false;
        }
        while pool.ended < last {
            pool = self.changed.wait(pool).unwrap();
        }
        true
    }

    /// The worker: calls `f` for what is queued, until it is told to stop and nothing is.
    pub fn process(&self, f: impl Fn()) {
        loop {
            let mut pool = self.pool.lock().unwrap();
            while !pool.queued {
                if pool.stopping {
                    return;
                }
                pool = self.changed.wait(pool).unwrap();
            }
            pool.queued = false;
            pool.begun += 1;
            self.marked.store(false, Ordering::Release);
            full_barrier();
            drop(pool);
            f();
            self.pool.lock().unwrap().ended += 1;
            self.changed.notify_all();
        }
    }

    /// Has the worker stop when nothing is queued any more.
    pub fn stop(&self) {
        self.pool.lock().unwrap().stopping = true;
        self.changed.notify_all();
    }
}

impl<F: Flaw> Default for Work<F> {
    fn default() -> Self {
        Self::new()
    }
}
