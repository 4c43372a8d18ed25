// SPDX-License-Identifier: GPL-2.0

//! Mechanisms that hook calls, and the functions that can be hooked.

use super::Hook;
use crate::{
    bench::MAX_WORKERS,
    selection::MaySleep, //
};
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    str::{
        BStr,
        CStr, //
    }, //
};
use kernel_ext::{
    compat::eopnotsupp,
    munmap::MunmapProbe,
    probe::{
        self,
        Probe, //
    }, //
};

/// A mechanism that hooks calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mechanism {
    /// A probe of a kernel function's entry and return, in which a tracker must not sleep.
    Function(probe::Mechanism),
    /// The tracepoints `sys_enter` and `sys_exit` around munmap(2), in which a tracker may sleep.
    Syscall,
}

impl Mechanism {
    /// Returns the mechanism for such blocks that is used unless another is chosen.
    pub(super) fn default_for(may_sleep: MaySleep) -> Self {
        match may_sleep {
            MaySleep(true) => Self::Syscall,
            MaySleep(false) => Self::Function(probe::Mechanism::DEFAULT),
        }
    }

    /// Returns whether blocks begin and end where a tracker may sleep.
    pub(super) fn may_sleep(self) -> MaySleep {
        MaySleep(self == Self::Syscall)
    }

    /// Returns the mechanism's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Function(mechanism) => mechanism.name(),
            Self::Syscall => "syscall",
        }
    }

    /// Returns the mechanism of this name.
    pub(crate) fn from_name(name: &BStr) -> Option<Self> {
        match &**name {
            b"syscall" => Some(Self::Syscall),
            _ => probe::Mechanism::from_name(name).map(Self::Function),
        }
    }
}

/// A probe that reports the beginnings and ends of calls to the hook, until it is dropped.
pub(super) enum Attached {
    Function(Probe<Hook>),
    Syscall(MunmapProbe<Hook>),
}

impl Attached {
    /// Attaches to `symbol`, or, with [`Mechanism::Syscall`], to munmap(2). May sleep.
    ///
    /// # Safety
    ///
    /// `hook` is valid until the probe has been dropped.
    pub(super) unsafe fn new(
        mechanism: Mechanism,
        symbol: Option<&CStr>,
        hook: NonNull<Hook>,
    ) -> Result<Self> {
        match mechanism {
            Mechanism::Function(mechanism) => {
                let Some(symbol) = symbol else {
                    pr_err!(
                        "hook: no function that unmaps can be probed here: write one to symbol\n"
                    );
                    return Err(EINVAL);
                };
                // SAFETY: `hook` is valid until the probe has been dropped, as this function
                // requires.
                unsafe { Probe::register(symbol, mechanism, MAX_WORKERS, hook) }
                    .map(Self::Function)
                    .map_err(|error| refusal(symbol, mechanism, error))
            }
            // SAFETY: `hook` is valid until the probe has been dropped, as this function requires.
            Mechanism::Syscall => unsafe { MunmapProbe::register(MAX_WORKERS, hook) }
                .map(Self::Syscall)
                .map_err(no_syscalls),
        }
    }

    /// Returns the number of calls that were not followed, as far as the mechanism counts them.
    pub(super) fn missed(&self) -> usize {
        match self {
            Self::Function(probe) => probe.missed(),
            Self::Syscall(probe) => probe.missed(),
        }
    }
}

/// Functions that unmap, the best one to hook first. All of them serve munmap(2), and neither
/// exit(2) nor mprotect(2).
///
/// `__vm_munmap` is called once for each munmap(2), and for mappings that the kernel itself removes
/// this way; it takes the lock of the address space, and may wait for it in the block.
/// `do_vmi_munmap` is called with the lock held, as FreeBSD's `pmap_remove` is, but also serves
/// mremap(2) and the setup of a new program's heap; `do_vmi_align_munmap` also serves brk(2) and
/// shmdt(2).
pub(crate) const SYMBOLS: &[&CStr] = &[
    c"__vm_munmap",
    c"do_vmi_munmap",
    c"do_vmi_align_munmap",
    c"__x64_sys_munmap",
    c"__arm64_sys_munmap",
    c"__do_sys_munmap",
];

/// Functions that do not return, or not always.
const ENDLESS: &[&[u8]] = &[
    b"__arm64_sys_exit",
    b"__arm64_sys_exit_group",
    b"__do_sys_exit",
    b"__do_sys_exit_group",
    b"__ia32_sys_exit",
    b"__ia32_sys_exit_group",
    b"__kunit_abort",
    b"__module_put_and_kthread_exit",
    b"__se_sys_exit",
    b"__se_sys_exit_group",
    b"__x64_sys_exit",
    b"__x64_sys_exit_group",
    b"arch_do_signal_or_restart",
    b"cpu_startup_entry",
    b"do_exit",
    b"do_group_exit",
    b"do_task_dead",
    b"get_signal",
    b"kthread_complete_and_exit",
    b"kthread_exit",
    b"kunit_try_catch_throw",
    b"make_task_dead",
    b"nmi_panic",
    b"panic",
    b"rewind_stack_and_make_dead",
    b"stop_this_cpu",
    b"vpanic",
];

/// Returns whether a function is known not to return.
pub(super) fn is_endless(symbol: &BStr) -> bool {
    ENDLESS.contains(&&**symbol)
}

/// Returns the functions of [`SYMBOLS`] that can be probed here. May sleep.
pub(crate) fn available_symbols(
    mechanism: probe::Mechanism,
) -> impl Iterator<Item = &'static CStr> {
    SYMBOLS
        .iter()
        .copied()
        .filter(move |symbol| mechanism.check(symbol).is_ok())
}

/// Checks that the function can be probed. If not, logs the reason and fails with [`EINVAL`], or
/// fails with [`ENOMEM`].
pub(super) fn check(symbol: &CStr, mechanism: probe::Mechanism) -> Result {
    mechanism
        .check(symbol)
        .map_err(|error| refusal(symbol, mechanism, error))
}

/// Logs why a function cannot be probed, and returns [`EINVAL`]; for lack of memory, only returns
/// [`ENOMEM`].
fn refusal(symbol: &CStr, mechanism: probe::Mechanism, error: Error) -> Error {
    if error == ENOMEM {
        return ENOMEM;
    }
    let why = match error {
        error if error == ENOENT => "there is no such function, or it may not be traced",
        error if error == EINVAL => "it may not be probed",
        error if error == eopnotsupp() => "this kernel has no such probes",
        _ => "the kernel refused",
    };
    pr_err!(
        "hook: '{}' cannot be hooked by {}: {} (error {})\n",
        BStr::from_bytes(symbol.to_bytes()),
        mechanism.name(),
        why,
        error.to_errno()
    );
    EINVAL
}

/// Checks that munmap(2) can be hooked by [`Mechanism::Syscall`]. If not, logs the reason and fails
/// with [`EINVAL`], or fails with [`ENOMEM`].
pub(super) fn check_syscalls() -> Result {
    kernel_ext::munmap::check().map_err(no_syscalls)
}

/// Logs why munmap(2) cannot be hooked by [`Mechanism::Syscall`], and returns the same errors as
/// [`refusal`].
fn no_syscalls(error: Error) -> Error {
    if error == ENOMEM {
        return ENOMEM;
    }
    let why = match error {
        error if error == eopnotsupp() => {
            "this kernel has no tracepoints sys_enter and sys_exit that may sleep (Linux 6.13 and later, with CONFIG_TRACEPOINTS and CONFIG_HAVE_SYSCALL_TRACEPOINTS)"
        }
        error if error == EBUSY => "another user has hooked it this way",
        _ => "the kernel refused",
    };
    pr_err!(
        "hook: munmap(2) cannot be hooked by syscall: {} (error {})\n",
        why,
        error.to_errno()
    );
    EINVAL
}
