// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/epoch/<name>/`, as described in
//! `Documentation/ABI/testing/sysfs-kernel-epoch`.
//!
//! # Lifetimes
//!
//! An epoch gets its directory a little after it was created: most of what it costs to create one
//! would be the directory, which nobody looks at if it is freed at once. The registry (`registry.c`)
//! says when.
//!
//! The directory is removed before anything else of the epoch goes, which waits for whoever is reading
//! or writing a file; so each finds the epoch as it was, and the code of this module too, which cannot
//! go before the epochs do. A module that leaked an epoch and went away would leave its directory; that
//! goes with `/sys/kernel/epoch` when this module does, in the same way. What is freed later than that
//! is a kobject of the kernel's own (see [`kernel_ext::kobject`]).

use crate::Epoch;
use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    str::{
        BStr,
        CStr,
        CString, //
    },
    sync::global_lock, //
};
use kernel_ext::{
    kobject::{
        Directory,
        Folder, //
    },
    sysfs::Attribute, //
};

/// One entry for each file.
static ATTRIBUTES: [Attribute<Epoch>; 12] = [
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
        out.write(fmt!("{}", epoch.pending()));
        Ok(())
    }),
    Attribute::read_only(c"callbacks_invoked", |epoch, out| {
        out.write(fmt!("{}", epoch.invoked()));
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
fn number(epoch: &Epoch, text: &BStr, accepted: &str) -> Result<u32> {
    let number = core::str::from_utf8(text).ok().and_then(|s| s.parse().ok());
    number.ok_or(EINVAL).inspect_err(|_| {
        let (name, max) = (epoch.name(), u32::MAX);
        pr_err!("{name}: {accepted} to {max}, not '{text}'\n");
    })
}

global_lock! {
    /// `/sys/kernel/epoch`, as long as the module is there. The lock is held from the choice of a name
    /// until there is a directory of that name.
    // SAFETY: `Root::new` initialises it before anything else can use it.
    unsafe(uninit) static ROOT: Mutex<Option<Directory>> = None;
}

/// `/sys/kernel/epoch`, while the module is there; dropping it removes it.
pub(crate) struct Root(());

impl Root {
    /// Makes the directory. May sleep.
    ///
    /// # Safety
    ///
    /// It is called once, and before there is an epoch.
    pub(crate) unsafe fn new() -> Result<Self> {
        // SAFETY: As this function requires.
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

/// The directory of an epoch, once it has been made.
///
/// # Invariants
///
/// It is accessed with the registry's lock held, and by [`Files::remove`].
pub(crate) struct Files(UnsafeCell<Option<Folder<Epoch>>>);

impl Files {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Removes the directory. Waits for those who are reading or writing a file. For the one that
    /// frees the epoch, which is not registered any more.
    pub(crate) fn remove(&self) {
        // SAFETY: The registry knows nothing of it any more, and it is freed once.
        unsafe { *self.0.get() = None };
    }

    /// The directory, for tests, which are the only ones that have the epoch.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn get(&self) -> &Folder<Epoch> {
        // SAFETY: Once made, it stays until `remove`.
        unsafe { crate::helpers::epoch_registry_settle() };
        // SAFETY: As above: nobody writes it any more.
        let folder = unsafe { (*self.0.get()).as_ref() };
        folder.expect("there is no directory")
    }
}

/// Makes the directory of an epoch. Where that fails, it has none.
///
/// # Safety
///
/// `node` is that of an epoch that is registered, and the registry's lock is held.
#[no_mangle]
unsafe extern "C" fn __epoch_make_directory(node: *mut kernel::bindings::list_head) {
    // SAFETY: As this function requires.
    let epoch = unsafe { Epoch::from_registration(node) };
    let made = folder(epoch.name()).and_then(|mut folder| {
        // SAFETY: The epoch stays until `Files::remove` has removed the directory.
        unsafe { folder.fill(&ATTRIBUTES, NonNull::from(epoch))? };
        Ok(folder)
    });
    match made {
        // SAFETY: The registry's lock is held.
        Ok(folder) => unsafe { *epoch.lifetime.files.0.get() = Some(folder) },
        Err(error) => {
            let (name, error) = (epoch.name(), error.to_errno());
            pr_warn!("{name}: no directory in /sys/kernel/epoch: error {error}\n");
        }
    }
}

/// Makes a directory, without files: `name`, or the first of `name.2`, `name.3`, ... that there is
/// not. May sleep.
fn folder(name: &CStr) -> Result<Folder<Epoch>> {
    let base = file_name(name)?;
    let root = ROOT.lock();
    let root = root.as_ref().ok_or(ENODEV)?;
    if !root.contains(&base) {
        return Ok(Folder::new(root.make(&base)?));
    }
    let numbered = |number: usize| CString::try_from_fmt(fmt!("{}.{number}", &*base));
    // Where there are many of that name, they mostly have the numbers from 2 on.
    let mut free = 2;
    while root.contains(&numbered(free)?) {
        free *= 2;
    }
    let mut taken = free / 2;
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        match root.contains(&numbered(middle)?) {
            true => taken = middle,
            false => free = middle,
        }
    }
    Ok(Folder::new(root.make(&numbered(free)?)?))
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
