// SPDX-License-Identifier: MIT OR Apache-2.0

//! Workload in user space: real system calls.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use anyhow::{Context, Result};
use epoch_device::testcase::Testcase;
use epoch_device::uapi;
use host::memory::page_bytes;
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use epoch_results::record::Reading;

use super::slot::State;
use super::{Load, Slot};
use crate::clock;

/// Load that maps memory, writes to its first pages, if any, and unmaps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserLoad {
    bytes: NonZeroUsize,
    page_bytes: usize,
    pages: usize,
}

impl UserLoad {
    /// Creates the load that a testcase of the module has, without its blocks; `pages` are touched
    /// if the testcase has a choice.
    pub fn new(testcase: Testcase, pages: Option<u32>) -> Result<Self> {
        let page_bytes = page_bytes()?;
        let (bytes, pages) = match testcase {
            Testcase::Mmap1Touch => (uapi::DEFAULT_BYTES as usize, pages.unwrap_or(1) as usize),
            Testcase::PageFault => (page_bytes, 1),
            Testcase::Mmap1 | Testcase::Di => (uapi::DEFAULT_BYTES as usize, 0),
        };
        Ok(Self {
            bytes: NonZeroUsize::new(bytes).context("a page has no bytes")?,
            page_bytes,
            // More pages would be outside the mapping.
            pages: pages.min(bytes / page_bytes),
        })
    }

    /// Runs one iteration.
    pub fn iterate(&self) -> std::result::Result<(), Errno> {
        // SAFETY: a new private mapping at an address of the kernel's choice
        // touches no memory that is in use.
        let start = unsafe {
            mmap_anonymous(
                None,
                self.bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_PRIVATE,
            )?
        };
        let first: NonNull<u8> = start.cast();
        for page in 0..self.pages {
            // SAFETY: the mapping is ours, may be written to, and has at least `pages` pages.
            unsafe { first.add(page * self.page_bytes).write_volatile(1) };
        }
        // SAFETY: nothing refers to the mapping any more.
        unsafe { munmap(start, self.bytes.get()) }
    }
}

impl Load for UserLoad {
    fn run(&self, _task: usize, slot: &Slot) -> std::result::Result<(), Errno> {
        // Continues the count, which the parent may already be reading.
        let mut iterations = slot.iterations();
        while !slot.is_stopping() {
            self.iterate()?;
            iterations += 1;
            slot.set_iterations(iterations);
        }
        Ok(())
    }

    fn is_running(&self, _task: usize, slot: &Slot) -> Result<bool> {
        Ok(slot.state() == State::Running)
    }

    fn stop(&self, _task: usize, _slot: &Slot) -> Result<()> {
        // The loop reads the slot itself.
        Ok(())
    }

    fn read(&self, _task: usize, slot: &Slot) -> Result<Reading> {
        Ok(Reading {
            iterations: slot.iterations(),
            timestamp_ns: clock::monotonic_ns()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_testcase_can_be_run() {
        for (testcase, pages) in [
            (Testcase::Mmap1, None),
            (Testcase::Mmap1Touch, None),
            (Testcase::Mmap1Touch, Some(3)),
            (Testcase::PageFault, None),
        ] {
            UserLoad::new(testcase, pages).unwrap().iterate().unwrap();
        }
    }

    #[test]
    fn no_more_pages_are_touched_than_are_mapped() {
        let load = UserLoad::new(Testcase::Mmap1Touch, Some(u32::MAX)).unwrap();
        assert_eq!(load.pages * load.page_bytes, load.bytes.get());
    }
}
