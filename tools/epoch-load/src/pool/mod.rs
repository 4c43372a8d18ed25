// SPDX-License-Identifier: MIT OR Apache-2.0

//! The workers: started once, told to run and to stop any number of times.

mod carrier;
mod kernel;
mod slot;
mod user;
mod worker;
mod workers;

#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake;

use std::time::Duration;

use anyhow::Result;
use epoch_results::sample::Reading;
use nix::errno::Errno;

pub use carrier::check_single_threaded;
pub use kernel::{KernelLoad, OwnTrackers};
pub use slot::Slot;
pub use user::UserLoad;
pub use workers::{Crew, Workers};

/// What a measurement needs of its workers.
pub trait Pool {
    /// Sets all of them going and returns when each is.
    fn start(&mut self) -> Result<()>;
    /// Stops all of them and returns when each has.
    fn stop(&mut self) -> Result<()>;
    /// Reads the counters of the tasks that are measured, in their order.
    fn read(&mut self) -> Result<Vec<Reading>>;
    /// Lets time pass; returns early with an error when a worker fails or a
    /// signal asks to end.
    fn wait(&mut self, duration: Duration) -> Result<()>;
    /// Ends all workers for good.
    fn shut_down(&mut self) -> Result<()>;
}

/// What a worker does when it is told to run.
pub trait Load: Send + Sync {
    /// Runs in the worker until stopped.
    ///
    /// In a forked child it must not take a lock that its parent may hold.
    fn run(&self, task: usize, slot: &Slot) -> std::result::Result<(), Errno>;
    /// Whether the worker is at work; called by the parent.
    fn is_running(&self, task: usize, slot: &Slot) -> Result<bool>;
    /// Makes [`run`](Self::run) return; called by the parent, repeatedly until
    /// it has.
    fn stop(&self, task: usize, slot: &Slot) -> Result<()>;
    /// Reads the worker's counter; called by the parent.
    fn read(&self, task: usize, slot: &Slot) -> Result<Reading>;
}
