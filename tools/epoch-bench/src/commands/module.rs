// SPDX-License-Identifier: MIT OR Apache-2.0

//! The loaded module, as the commands need it.

use std::cell::OnceCell;
use std::fs::File;

use anyhow::Result;
use epoch_device::device::Device;
use epoch_device::hook::Hook;
use epoch_device::orders::Orders;
use epoch_device::sysfs::{Sysfs, TrackerControl, named_trackers};
use epoch_device::uapi;
use epoch_measure::pool::KernelLoad;
use host::error::usage;
use nix::fcntl::Flock;

use super::setup::warn;

/// The loaded module.
pub struct Module {
    /// Device, from which counters are read.
    pub device: Device,
    /// Directory in sysfs.
    pub sysfs: Sysfs,
    /// Lock that keeps others from the hook.
    held: OnceCell<Flock<File>>,
}

impl Module {
    /// Opens the loaded module.
    pub fn open() -> Result<Self> {
        Ok(Self {
            device: Device::open()?,
            sysfs: Sysfs::open()?,
            held: OnceCell::new(),
        })
    }

    /// Keeps others from the hook, and from the tracker that it uses, as long as `self` lives.
    /// Fails if another epoch-bench does so.
    pub fn hold_hook(&self) -> Result<()> {
        if self.held.get().is_none() {
            let _ = self.held.set(self.device.hold()?);
        }
        Ok(())
    }

    /// Returns the module's hook.
    pub fn hook(&self) -> Hook<'_> {
        Hook::new(&self.sysfs)
    }

    /// Returns the trackers that the command line names.
    pub fn trackers(&self, names: &[String]) -> Result<Vec<String>> {
        named_trackers(&self.sysfs, names)
    }

    /// Returns whether a tracker's blocks may sleep.
    pub fn sleeps(&self, tracker: &str) -> Result<bool> {
        Ok(self.device.tracker(tracker)?.flags & uapi::TRACKER_SLEEPS != 0)
    }

    /// Warns if the verifier is on, which would affect the results.
    pub fn warn_of_verifier(&self) -> Result<()> {
        if self.sysfs.read("verify")? == "1" {
            warn(&format!(
                "the verifier is on, and slows down each block that notes pages: run 'echo \
                 0 >{}'",
                self.sysfs.path("verify").display()
            ));
        }
        Ok(())
    }
}

/// Returns the tracker that is selected in the module, if it is loaded.
pub fn selected_tracker() -> Option<String> {
    Sysfs::open().and_then(|sysfs| sysfs.current()).ok()
}

/// Creates the load of workers in the kernel. Warns if they will not be alone there.
pub fn kernel_load(orders: Vec<Orders>) -> Result<KernelLoad> {
    let workers = orders.len();
    if workers > uapi::MAX_WORKERS as usize {
        return Err(usage(format!(
            "{workers} workers are more than the module runs: take fewer --tasks or --waiters, at \
             most {} together",
            uapi::MAX_WORKERS
        )));
    }
    let load = KernelLoad::open(orders)?;
    match load.running()? {
        0 => {}
        running => warn(&format!(
            "{running} workers of another epoch-bench are running; their load is in the results"
        )),
    }
    Ok(load)
}
