// SPDX-License-Identifier: GPL-2.0

//! Mapping memory into the address space of the current task.
//!
//! C: `vm_mmap()` and `vm_munmap()`.

use crate::{
    helpers,
    sched, //
};
use kernel::{
    bindings,
    error::to_result,
    page::PAGE_SIZE,
    prelude::*,
    types::NotThreadSafe,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// Anonymous memory in the address space of the task that mapped it.
///
/// Dropping it without [`Mapping::unmap`] leaves it to the task's exit, as with mmap(2).
pub struct Mapping {
    start: c_ulong,
    len: usize,
    _current: NotThreadSafe,
}

impl Mapping {
    /// Maps `len` bytes, private, readable and writable, at an address that the kernel chooses. May
    /// sleep.
    ///
    /// Fails as mmap(2) does, and with [`EINVAL`] for a task without an address space.
    pub fn anonymous(len: usize) -> Result<Self> {
        if current!().mm().is_none() {
            return Err(EINVAL);
        }
        // SAFETY: The current task has an address space, and it stays until the task exits.
        let start = unsafe { helpers::kernel_ext_mmap_anonymous(len) };
        // The errors are the last addresses there are.
        if let errno @ -4095..=-1 = start as isize {
            return Err(Error::from_errno(errno as c_int));
        }
        Ok(Self {
            start,
            len,
            _current: NotThreadSafe,
        })
    }

    /// Writes to each of the first `pages` pages, which must be part of the mapping. May sleep.
    /// Fails with [`EFAULT`] if there is no memory for a page, and with [`EINTR`] when the task is
    /// being killed.
    pub fn touch(&self, pages: u32) -> Result {
        for page in 0..pages as usize {
            if page % 256 == 0 && sched::fatal_signal_pending() {
                return Err(EINTR);
            }
            let address = UserPtr::from_addr(self.start + page * PAGE_SIZE);
            UserSlice::new(address, 1).writer().write(&1u8)?;
        }
        Ok(())
    }

    /// Unmaps the memory. May sleep. Fails with [`EINTR`] when the task is being killed.
    pub fn unmap(self) -> Result {
        // SAFETY: The current task is the one that mapped, as the type is not `Send`. If user space
        // has replaced the mapping since, that is its own memory, too.
        to_result(unsafe { bindings::vm_munmap(self.start, self.len) })
    }
}
