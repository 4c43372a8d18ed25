// SPDX-License-Identifier: MIT OR Apache-2.0

//! Worker in a process or a thread of its own.

use std::sync::Arc;

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::eventfd::EventFd;
use nix::unistd::Pid;

use super::slot::{Stage, State};
use super::{Load, Slot};
use crate::shared::SharedSlice;

/// State shared by all workers and their parent.
pub struct Shared {
    pub load: Arc<dyn Load>,
    pub slots: SharedSlice<Slot>,
    /// Number of measured workers, which are the first; the others run concurrently.
    pub tasks: usize,
    /// CPU of each task; `None` if the scheduler places them, as it does the other workers.
    pub cpus: Option<Vec<usize>>,
    /// Semaphore: each order lets every worker take one.
    pub orders: EventFd,
    /// Wakes the parent when a worker has failed.
    pub failures: EventFd,
}

/// Carries out orders until told to quit, or until an order fails.
pub fn work(shared: &Shared, task: usize) {
    let slot = &shared.slots[task];
    if let Err((stage, errno)) = obey(shared, task, slot) {
        fail(shared, task, stage, errno);
    }
}

/// Reports that the worker has failed.
pub fn fail(shared: &Shared, task: usize, stage: Stage, errno: Errno) {
    shared.slots[task].fail(stage, errno);
    // Fails only when no parent is left to be woken.
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
