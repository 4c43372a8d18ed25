//! The workload in the kernel, through the device.

use anyhow::{Context, Result};
use epoch_device::device::Device;
use epoch_device::orders::Orders;
use epoch_device::uapi;
use nix::errno::Errno;

use epoch_results::sample::Reading;

use super::{Load, Slot};
use crate::limits;

/// One open device file for each worker.
pub struct KernelLoad {
    devices: Vec<Device>,
    orders: Vec<Orders>,
}

impl KernelLoad {
    /// Opens the files, in the parent, so that it can read and stop.
    pub fn open(orders: Vec<Orders>) -> Result<Self> {
        // The first tells best what is wrong with the module.
        let first = Device::open()?;
        limits::allow_open_files(orders.len())?;
        let mut devices = vec![first];
        while devices.len() < orders.len() {
            let worker = devices.len();
            devices.push(Device::open().with_context(|| format!("worker {worker}"))?);
        }
        Ok(Self { devices, orders })
    }

    /// Workers that run now, of whichever process.
    pub fn running(&self) -> Result<u32> {
        Ok(self.devices[0].info()?.running)
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
