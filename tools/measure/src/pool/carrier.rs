// SPDX-License-Identifier: MIT OR Apache-2.0

//! Carriers of the workers: processes or threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use epoch_results::record::Carrier;
use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};

use super::slot::Stage;
use super::worker::{self, Shared};

/// Stack of a worker thread; it calls nothing deep.
const STACK_BYTES: usize = 256 << 10;

/// Handle of a started worker.
pub enum Handle {
    Process(Option<Pid>),
    Thread(Option<JoinHandle<()>>),
}

impl Handle {
    /// Returns `Some` if the worker has ended, and releases its resources.
    ///
    /// The inner value says how a process ended, unless it exited by itself.
    pub fn try_reap(&mut self) -> Result<Option<Option<String>>> {
        match self {
            Self::Process(pid) => {
                let Some(id) = *pid else {
                    return Ok(Some(None));
                };
                let how = match waitpid(id, Some(WaitPidFlag::WNOHANG)) {
                    Ok(WaitStatus::StillAlive) => return Ok(None),
                    Ok(WaitStatus::Signaled(_, signal, _)) => {
                        Some(format!("it was killed by {signal}"))
                    }
                    Ok(_) => None,
                    Err(Errno::ECHILD) => None,
                    Err(errno) => return Err(errno).context("waitpid failed"),
                };
                *pid = None;
                Ok(Some(how))
            }
            Self::Thread(thread) => {
                if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
                    return Ok(None);
                }
                if let Some(thread) = thread.take() {
                    // The worker has caught and reported a panic itself.
                    let _ = thread.join();
                }
                Ok(Some(None))
            }
        }
    }

    /// Kills a process; a thread cannot be killed.
    pub fn kill(&self) {
        if let Self::Process(Some(pid)) = self {
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }
}

/// Starts the worker of `task`.
pub fn spawn(carrier: Carrier, shared: &Arc<Shared>, task: usize) -> Result<Handle> {
    match carrier {
        Carrier::Processes => spawn_process(shared, task),
        Carrier::Threads => spawn_thread(shared, task),
    }
}

fn spawn_process(shared: &Arc<Shared>, task: usize) -> Result<Handle> {
    let parent = getpid();
    // SAFETY: `Workers::spawn` has checked that this process has one thread, so
    // no lock is held by another and the child may do all that its parent may.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Handle::Process(Some(child))),
        Ok(ForkResult::Child) => child(shared, task, parent),
        Err(Errno::EAGAIN) => Err(anyhow!(
            "no more processes may be started: take fewer tasks, or raise the limit ('ulimit -u', \
             pids.max of the control group)"
        )),
        Err(Errno::ENOMEM) => Err(anyhow!("no memory for another process: take fewer tasks")),
        Err(errno) => Err(errno).context("fork failed"),
    }
}

/// Runs the worker in the child, and exits. Must not return into the parent's code, nor run the
/// exit handlers of the parent.
fn child(shared: &Shared, task: usize, parent: Pid) -> ! {
    let life = catch_unwind(AssertUnwindSafe(|| {
        // No worker may be left running, not even when the parent is killed. If it died before this
        // took effect, it is our parent no more.
        if prctl::set_pdeathsig(Signal::SIGKILL).is_ok() && getppid() == parent {
            worker::work(shared, task);
        }
    }));
    if life.is_err() {
        worker::fail(shared, task, Stage::Panic, Errno::UnknownErrno);
    }
    // SAFETY: _exit ends the process and has no precondition.
    unsafe { libc::_exit(i32::from(life.is_err())) }
}

fn spawn_thread(shared: &Arc<Shared>, task: usize) -> Result<Handle> {
    let shared = Arc::clone(shared);
    let body = move || {
        let life = catch_unwind(AssertUnwindSafe(|| worker::work(&shared, task)));
        if life.is_err() {
            worker::fail(&shared, task, Stage::Panic, Errno::UnknownErrno);
        }
    };
    // Unnamed, so that it keeps the name of the process, as the hook's filter expects.
    let thread = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(body)
        .context("no more threads may be started: take fewer tasks, or raise 'ulimit -u'")?;
    Ok(Handle::Thread(Some(thread)))
}

/// Returns an error if this process has several threads, so that a fork would not be safe.
pub fn check_single_threaded() -> Result<()> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        bail!("worker processes must be started while there is one thread: this is a bug");
    }
    Ok(())
}
