// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/epoch/<name>/`, as described in
//! `Documentation/ABI/testing/sysfs-kernel-epoch`.
//!
//! # Lifetimes
//!
//! The files of an epoch tell of its `Inner`. `Epoch::drop` removes them first, which waits for whoever
//! is reading or writing one; so each finds the epoch as it was, and the code of this module too,
//! which cannot go before the epochs do. A module that leaked an epoch and went away would leave its
//! folder; that goes with `/sys/kernel/epoch` when this module does, in the same way. What is freed
//! later than that is a kobject of the kernel's own (see [`kernel_ext::kobject`]).

use crate::api::Inner;
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    str::{
        BStr,
        CStr,
        CString, //
    },
    sync::global_lock, //
};
use kernel_ext::kobject::{
    Attribute,
    Directory,
    Folder, //
};

/// One entry for each file.
static ATTRIBUTES: [Attribute<Inner>; 12] = [
    Attribute::read_only(c"epoch", |epoch, out| {
        out.write(fmt!("{}", epoch.domain.epoch()));
        Ok(())
    }),
    Attribute::read_only(c"grace_periods", |epoch, out| {
        out.write(fmt!("{}", epoch.domain.grace_periods()));
        Ok(())
    }),
    Attribute::read_only(c"expedited", |epoch, out| {
        out.write(fmt!("{}", epoch.watch.expedited()));
        Ok(())
    }),
    Attribute::read_only(c"readers", |epoch, out| {
        out.write(fmt!("{}", epoch.domain.readers()));
        Ok(())
    }),
    Attribute::read_only(c"callbacks_pending", |epoch, out| {
        out.write(fmt!("{}", epoch.callbacks.pending()));
        Ok(())
    }),
    Attribute::read_only(c"callbacks_invoked", |epoch, out| {
        out.write(fmt!("{}", epoch.callbacks.invoked()));
        Ok(())
    }),
    Attribute::read_only(c"callbacks_peak", |epoch, out| {
        out.write(fmt!("{}", epoch.callbacks.peak()));
        Ok(())
    }),
    Attribute::read_write(
        c"callbacks_limit",
        |epoch, out| {
            out.write(fmt!("{}", epoch.callbacks.limit()));
            Ok(())
        },
        |epoch, text| {
            let accepted = "callbacks_limit takes a number of callbacks, 0 (no limit)";
            epoch.callbacks.set_limit(number(epoch, text, accepted)?);
            Ok(())
        },
    ),
    Attribute::read_only(c"grace_period_last_ns", |epoch, out| {
        out.write(fmt!("{}", epoch.watch.last_ns()));
        Ok(())
    }),
    Attribute::read_only(c"grace_period_max_ns", |epoch, out| {
        out.write(fmt!("{}", epoch.watch.max_ns()));
        Ok(())
    }),
    Attribute::read_only(c"stalls", |epoch, out| {
        out.write(fmt!("{}", epoch.watch.stalls()));
        Ok(())
    }),
    Attribute::read_write(
        c"stall_timeout_ms",
        |epoch, out| {
            out.write(fmt!("{}", epoch.watch.timeout_ms()));
            Ok(())
        },
        |epoch, text| {
            let accepted = "stall_timeout_ms takes milliseconds, 0 (off)";
            epoch.watch.set_timeout_ms(number(epoch, text, accepted)?);
            Ok(())
        },
    ),
];

/// The number that was written, in decimal digits; if it is none, tells the log what is accepted.
fn number(epoch: &Inner, text: &BStr, accepted: &str) -> Result<u32> {
    let number = core::str::from_utf8(text).ok().and_then(|s| s.parse().ok());
    number.ok_or(EINVAL).inspect_err(|_| {
        let (name, max) = (epoch.watch.name(), u32::MAX);
        pr_err!("{name}: {accepted} to {max}, not '{text}'\n");
    })
}

global_lock! {
    /// `/sys/kernel/epoch`, as long as the module is there. The lock is held from the choice of a name
    /// until there is a folder of that name.
    // SAFETY: `Root::new` initialises it before anything else can use it.
    unsafe(uninit) static ROOT: Mutex<Option<Directory>> = None;
}

/// `/sys/kernel/epoch`, while the module is there; dropping it removes it.
pub(crate) struct Root(());

impl Root {
    /// Makes the folder. To be called when the module is loaded, once.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: It is called once, and no epoch can be made before the module is loaded.
        unsafe { ROOT.init() };
        *ROOT.lock() = Some(Directory::in_kernel(c"epoch")?);
        Ok(Self(()))
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        *ROOT.lock() = None;
    }
}

/// Makes the folder of an epoch, without files: `name`, or the first of `name.2`, `name.3`, ... that
/// there is not. May sleep.
pub(crate) fn folder(name: &CStr) -> Result<Folder<Inner>> {
    let base = file_name(name)?;
    let root = ROOT.lock();
    let root = root.as_ref().ok_or(ENODEV)?;
    if !root.contains(&base) {
        return Ok(Folder::new(root.make(&base)?));
    }
    let mut number = 2usize;
    loop {
        let name = CString::try_from_fmt(fmt!("{}.{number}", &*base))?;
        if !root.contains(&name) {
            return Ok(Folder::new(root.make(&name)?));
        }
        number += 1;
    }
}

/// Puts the files of `epoch` in its folder.
///
/// # Safety
///
/// `epoch` stays valid until the folder is removed or dropped.
pub(crate) unsafe fn fill(folder: &mut Folder<Inner>, epoch: NonNull<Inner>) -> Result {
    // SAFETY: By the caller's promise.
    unsafe { folder.fill(&ATTRIBUTES, epoch) }
}

/// What a file may be called that is to be known as `name`.
fn file_name(name: &CStr) -> Result<CString> {
    /// Leaves room for a number in the 255 bytes that a name may have.
    const MAX: usize = 200;

    let mut bytes = KVec::new();
    for &byte in name.to_bytes().iter().take(MAX) {
        // As `kobject_set_name()` does for a slash; the others would spoil a listing or a log.
        let allowed = matches!(byte, b' '..=b'~') && byte != b'/';
        bytes.push(if allowed { byte } else { b'!' }, GFP_KERNEL)?;
    }
    match bytes.as_slice() {
        b"" => CString::try_from_fmt(fmt!("unnamed")),
        b"." | b".." => CString::try_from_fmt(fmt!("!")),
        bytes => CString::try_from_fmt(fmt!("{}", BStr::from_bytes(bytes))),
    }
}
