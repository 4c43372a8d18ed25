// SPDX-License-Identifier: MIT OR Apache-2.0

//! The workload in user space: real system calls.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use anyhow::{Context, Result};
use epoch_device::testcase::Testcase;
use epoch_device::uapi;
use epoch_machine::memory::page_bytes;
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use epoch_results::sample::Reading;

use super::slot::State;
use super::{Load, Slot};
use crate::clock;

/// Maps memory, writes to its first pages, if to any, and unmaps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserLoad {
    bytes: NonZeroUsize,
    page_bytes: usize,
    pages: usize,
}

impl UserLoad {
    /// What the testcase of the module does, without its blocks; `pages` are
    /// touched where that can be chosen.
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
            // More would be someone else's memory.
            pages: pages.min(bytes / page_bytes),
        })
    }

    /// Once.
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
            // SAFETY: the mapping is ours, may be written to, and has at least
            // so many pages.
            unsafe { first.add(page * self.page_bytes).write_volatile(1) };
        }
        // SAFETY: nothing refers to the mapping any more.
        unsafe { munmap(start, self.bytes.get()) }
    }
}

impl Load for UserLoad {
    fn run(&self, _task: usize, slot: &Slot) -> std::result::Result<(), Errno> {
        // Goes on counting: the parent may already be reading.
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
        // The loop looks at the slot itself.
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
