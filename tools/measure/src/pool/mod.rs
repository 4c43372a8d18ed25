// SPDX-License-Identifier: MIT OR Apache-2.0

//! Workers that are started once, then run and stopped any number of times.

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
use epoch_results::record::Reading;
use nix::errno::Errno;

pub use carrier::check_single_threaded;
pub use kernel::{KernelLoad, OwnTrackers};
pub use slot::Slot;
pub use user::UserLoad;
pub use workers::{Crew, Workers};

/// Workers of a measurement.
pub trait Pool {
    /// Starts all workers, and returns when each is running.
    fn start(&mut self) -> Result<()>;
    /// Stops all workers, and returns when each has stopped.
    fn stop(&mut self) -> Result<()>;
    /// Reads the counters of the tasks that are measured, in their order.
    fn read(&mut self) -> Result<Vec<Reading>>;
    /// Waits for `duration`. Returns early with an error if a worker fails or a signal requests
    /// termination.
    fn wait(&mut self, duration: Duration) -> Result<()>;
    /// Ends all workers for good.
    fn shut_down(&mut self) -> Result<()>;
}

/// Work that a worker does while it runs.
pub trait Load: Send + Sync {
    /// Runs in the worker until stopped.
    ///
    /// In a forked child it must not take a lock that its parent may hold.
    fn run(&self, task: usize, slot: &Slot) -> std::result::Result<(), Errno>;
    /// Returns whether the worker is running; called by the parent.
    fn is_running(&self, task: usize, slot: &Slot) -> Result<bool>;
    /// Makes [`run`](Self::run) return; called by the parent, repeatedly until it has.
    fn stop(&self, task: usize, slot: &Slot) -> Result<()>;
    /// Reads the worker's counter; called by the parent.
    fn read(&self, task: usize, slot: &Slot) -> Result<Reading>;
}
