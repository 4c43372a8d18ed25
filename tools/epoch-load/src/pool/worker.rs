// SPDX-License-Identifier: MIT OR Apache-2.0

//! A worker's life, in a process or a thread of its own.

use std::sync::Arc;

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::eventfd::EventFd;
use nix::unistd::Pid;

use super::slot::{Stage, State};
use super::{Load, Slot};
use crate::shared::SharedSlice;

/// What all workers and their parent share.
pub struct Shared {
    pub load: Arc<dyn Load>,
    pub slots: SharedSlice<Slot>,
    /// Of the workers, so many are measured; the others run beside them.
    pub tasks: usize,
    /// The CPU of each task, none if they run where the scheduler likes, as
    /// those beside them do.
    pub cpus: Option<Vec<usize>>,
    /// A semaphore: every order lets each worker take one.
    pub orders: EventFd,
    /// Wakes the parent when a worker has failed.
    pub failures: EventFd,
}

/// Carries out orders until told to quit, or until one fails.
pub fn work(shared: &Shared, task: usize) {
    let slot = &shared.slots[task];
    if let Err((stage, errno)) = obey(shared, task, slot) {
        fail(shared, task, stage, errno);
    }
}

/// Reports that the worker is gone.
pub fn fail(shared: &Shared, task: usize, stage: Stage, errno: Errno) {
    shared.slots[task].fail(stage, errno);
    // Can only fail when nobody is left to be woken.
    let _ = shared.failures.write(1);
}

fn obey(shared: &Shared, task: usize, slot: &Slot) -> Result<(), (Stage, Errno)> {
    if let Some(&cpu) = shared.cpus.as_ref().and_then(|cpus| cpus.get(task)) {
        pin_to(cpu).map_err(|errno| (Stage::Affinity, errno))?;
    }
    loop {
        slot.set_state(State::Ready);
        await_order(shared).map_err(|errno| (Stage::Orders, errno))?;
        if slot.is_quitting() {
            return Ok(());
        }
        slot.set_state(State::Running);
        match shared.load.run(task, slot) {
            Ok(()) if slot.is_stopping() => {}
            Ok(()) => return Err((Stage::EndedEarly, Errno::UnknownErrno)),
            Err(Errno::EINTR) if slot.is_stopping() => {}
            Err(errno) => return Err((Stage::Run, errno)),
        }
    }
}

fn await_order(shared: &Shared) -> Result<(), Errno> {
    loop {
        match shared.orders.read() {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn pin_to(cpu: usize) -> Result<(), Errno> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set)
}
