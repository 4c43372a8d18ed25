// SPDX-License-Identifier: GPL-2.0

//! System calls that have no safe wrapper elsewhere.

use std::io;

use nix::libc;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Constant of `<asm/prctl.h>`.
const ARCH_SET_GS: libc::c_long = 0x1001;

/// Binds the calling thread to `cpu`.
pub fn pin(cpu: usize) -> nix::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set)
}

/// Sets the calling thread's GS base to an address. Nothing else uses GS in a 64-bit program.
///
/// This is safe, since using GS takes an unsafe assembly block.
pub fn set_gs(base: usize) -> io::Result<()> {
    // SAFETY: This changes a register that neither the compiler nor the C library uses.
    check(unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base) })
}

/// Proof that the process is registered for membarrier(2).
#[derive(Clone, Copy, Debug)]
pub struct Membarrier(());

impl Membarrier {
    /// Registers the process.
    pub fn register() -> io::Result<Self> {
        membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)?;
        Ok(Self(()))
    }

    /// Executes a full barrier on each CPU that runs a thread of this process, between the begin
    /// and the end of the call; a thread that does not run has one when it is switched in.
    pub fn heavy(self) {
        let done = membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        // This cannot fail in a process that is registered.
        assert!(done.is_ok(), "membarrier: {done:?}");
    }
}

fn membarrier(command: libc::c_int) -> io::Result<()> {
    // SAFETY: These commands take no pointer.
    check(unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) })
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
