// SPDX-License-Identifier: MIT OR Apache-2.0

//! Workload in the kernel, through the device.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use epoch_device::device::Device;
use epoch_device::orders::Orders;
use epoch_device::sysfs::{Sysfs, TrackerControl};
use epoch_device::uapi;
use nix::errno::Errno;

use epoch_results::record::Reading;

use super::{Load, Slot};
use crate::limits;

/// Load with an open device file for each worker, which has a tracker of its own.
pub struct KernelLoad {
    devices: Vec<Device>,
    orders: Vec<Orders>,
}

impl KernelLoad {
    /// Opens the files in the parent, so that it can read counters and stop workers.
    pub fn open(orders: Vec<Orders>) -> Result<Self> {
        // The first has the best error if something is wrong with the module.
        let first = Device::open()?;
        limits::allow_open_files(orders.len())?;
        let mut devices = vec![first];
        while devices.len() < orders.len() {
            let worker = devices.len();
            devices.push(Device::open().with_context(|| format!("worker {worker}"))?);
        }
        Ok(Self { devices, orders })
    }

    /// Returns the number of workers that run now, in all processes.
    pub fn running(&self) -> Result<u32> {
        Ok(self.devices[0].info()?.running)
    }
}

/// Polling interval while workers switch to another tracker.
const POLL: Duration = Duration::from_micros(100);

/// Time limit for the switch to another tracker.
const PATIENCE: Duration = Duration::from_secs(60);

/// Selects the trackers of one load's workers, and of no others.
pub struct OwnTrackers<'a> {
    load: &'a KernelLoad,
    sysfs: &'a Sysfs,
    selected: RefCell<Option<String>>,
}

impl<'a> OwnTrackers<'a> {
    /// Creates the control of a load. At first, its workers use the tracker selected in `sysfs`.
    pub fn new(load: &'a KernelLoad, sysfs: &'a Sysfs) -> Self {
        Self {
            load,
            sysfs,
            selected: RefCell::default(),
        }
    }
}

impl TrackerControl for OwnTrackers<'_> {
    fn available(&self) -> Result<Vec<String>> {
        self.sysfs.available()
    }

    fn current(&self) -> Result<String> {
        match &*self.selected.borrow() {
            Some(name) => Ok(name.clone()),
            None => self.sysfs.current(),
        }
    }

    fn select(&self, name: &str) -> Result<()> {
        for device in &self.load.devices {
            device.select(name)?;
        }
        let deadline = Instant::now() + PATIENCE;
        for (device, orders) in self.load.devices.iter().zip(&self.load.orders) {
            // Waiters have no blocks, and look up the tracker before each wait.
            if matches!(orders, Orders::Wait { .. }) {
                continue;
            }
            loop {
                let counters = device.counters()?;
                if counters.state != uapi::STATE_RUNNING || counters.uses(name) {
                    break;
                }
                if Instant::now() > deadline {
                    bail!(
                        "a worker still does not use tracker {name} after {} seconds: see the \
                         kernel log ('dmesg')",
                        PATIENCE.as_secs()
                    );
                }
                thread::sleep(POLL);
            }
        }
        *self.selected.borrow_mut() = Some(name.into());
        Ok(())
    }
}

impl Load for KernelLoad {
    fn run(&self, task: usize, _slot: &Slot) -> std::result::Result<(), Errno> {
        self.devices[task].run(self.orders[task].run())
    }

    fn is_running(&self, task: usize, _slot: &Slot) -> Result<bool> {
        Ok(self.devices[task].counters()?.state == uapi::STATE_RUNNING)
    }

    fn stop(&self, task: usize, _slot: &Slot) -> Result<()> {
        self.devices[task]
            .stop()
            .context("EPOCH_BENCH_IOC_STOP failed: see the kernel log ('dmesg')")
    }

    fn read(&self, task: usize, _slot: &Slot) -> Result<Reading> {
        let counters = self.devices[task].counters()?;
        Ok(Reading {
            iterations: counters.iterations,
            timestamp_ns: counters.timestamp_ns,
        })
    }
}
