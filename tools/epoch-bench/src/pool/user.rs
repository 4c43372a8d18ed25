//! The workload in user space: mmap1 as real system calls.

use std::num::NonZeroUsize;

use anyhow::Result;
use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use super::slot::State;
use super::{Load, Reading, Slot};
use crate::clock;
use crate::uapi;

const BYTES: NonZeroUsize = match NonZeroUsize::new(uapi::DEFAULT_BYTES as usize) {
    Some(bytes) => bytes,
    None => panic!("the mapping has a length"),
};

/// Maps and unmaps memory that nobody touches.
pub struct UserLoad;

impl Load for UserLoad {
    fn run(&self, _task: usize, slot: &Slot) -> std::result::Result<(), Errno> {
        // Goes on counting: the parent may already be reading.
        let mut iterations = slot.iterations();
        while !slot.is_stopping() {
            // SAFETY: a new private mapping at an address of the kernel's
            // choice touches no memory that is in use, and nothing refers to
            // it when it is unmapped.
            unsafe {
                let start = mmap_anonymous(
                    None,
                    BYTES,
                    ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                    MapFlags::MAP_PRIVATE,
                )?;
                munmap(start, BYTES.get())?;
            }
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
