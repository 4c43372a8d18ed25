// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/kernel/epoch/<name>/`, as described in
//! `Documentation/ABI/testing/sysfs-kernel-epoch`.
//!
//! # Lifetimes
//!
//! An epoch gets its directory a little after it was created: the directory would be most of the
//! cost of creating an epoch, wasted if it is freed soon. The registry (`registry.c`) decides when.
//!
//! The directory is removed before anything else of the epoch, and removal waits for tasks that
//! read or write a file; so they find the epoch intact, and the code of this module too, which
//! cannot be unloaded before the epochs are freed. A module that leaked an epoch and was unloaded
//! leaves the epoch's directory; that is removed with `/sys/kernel/epoch`, in the same way, when
//! this module is unloaded. Only a kobject of the kernel's own is freed later than that (see
//! [`kernel_ext::kobject`]).

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
        DirectoryOf, //
    },
    sysfs::Attribute, //
};

/// The files of an epoch's directory, one entry each.
static ATTRIBUTES: [Attribute<Epoch>; 14] = [
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
    Attribute::read_only(c"grace_period_histogram", |epoch, out| {
        out.write(fmt!("{}", epoch.watch.durations()));
        Ok(())
    }),
    Attribute::read_only(c"callback_latency_histogram", |epoch, out| {
        out.write(fmt!("{}", epoch.callbacks.latencies));
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

/// Parses the decimal number that was written; on failure, logs the values that are accepted.
fn number(epoch: &Epoch, text: &BStr, accepted: &str) -> Result<u32> {
    let number = core::str::from_utf8(text).ok().and_then(|s| s.parse().ok());
    number.ok_or(EINVAL).inspect_err(|_| {
        let (name, max) = (epoch.name(), u32::MAX);
        pr_err!("{name}: {accepted} to {max}, not '{text}'\n");
    })
}

global_lock! {
    /// `/sys/kernel/epoch`, while the module is loaded. The lock is held from the choice of a name
    /// until a directory of that name exists.
    // SAFETY: `Root::new` initialises it before anything else can use it.
    unsafe(uninit) static ROOT: Mutex<Option<Directory>> = None;
}

/// `/sys/kernel/epoch`; dropping it removes the directory.
pub(crate) struct Root(());

impl Root {
    /// Creates the directory. May sleep.
    ///
    /// # Safety
    ///
    /// The function is called once, before there is an epoch.
    pub(crate) unsafe fn new() -> Result<Self> {
        // SAFETY: This is called once, as this function requires.
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

/// The directory of an epoch, once it has been created.
///
/// # Invariants
///
/// The field is accessed with the registry's lock held, and by [`Files::remove`].
pub(crate) struct Files(UnsafeCell<Option<DirectoryOf<Epoch>>>);

impl Files {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Removes the directory. Waits for tasks that are reading or writing a file. For the task that
    /// frees the epoch, after `epoch_retire`.
    pub(crate) fn remove(&self) {
        // SAFETY: The epoch is retired, so the registry no longer accesses this, and it is freed
        // once.
        unsafe { *self.0.get() = None };
    }

    /// Returns the directory, for tests, which are the only users of the epoch.
    #[cfg(CONFIG_KUNIT = "y")]
    pub(crate) fn get(&self) -> &DirectoryOf<Epoch> {
        // SAFETY: Process context, as tests run in.
        unsafe { crate::helpers::epoch_registry_settle() };
        // SAFETY: After that, nobody writes the field until `remove`.
        let directory = unsafe { (*self.0.get()).as_ref() };
        directory.expect("there is no directory")
    }
}

/// Creates the directory of an epoch. If that fails, it has none.
///
/// # Safety
///
/// `node` is that of an epoch that is registered, and the registry's lock is held.
#[no_mangle]
unsafe extern "C" fn __epoch_make_directory(node: *mut kernel::bindings::list_head) {
    // SAFETY: `node` is that of a registered epoch, which is valid.
    let epoch = unsafe { Epoch::from_registration(node) };
    let made = make_directory(epoch.name()).and_then(|mut directory| {
        // SAFETY: The epoch stays until `Files::remove` has removed the directory.
        unsafe { directory.fill(&ATTRIBUTES, NonNull::from(epoch))? };
        Ok(directory)
    });
    match made {
        // SAFETY: The registry's lock is held, as this function requires.
        Ok(directory) => unsafe { *epoch.lifetime.files.0.get() = Some(directory) },
        Err(error) => {
            let (name, error) = (epoch.name(), error.to_errno());
            pr_warn!("{name}: no directory in /sys/kernel/epoch: error {error}\n");
        }
    }
}

/// Creates a directory, without files: `name`, or a free one of `name.2`, `name.3`, ... May sleep.
fn make_directory(name: &CStr) -> Result<DirectoryOf<Epoch>> {
    let base = file_name(name)?;
    let root = ROOT.lock();
    let root = root.as_ref().ok_or(ENODEV)?;
    if !root.contains(&base) {
        return Ok(DirectoryOf::new(root.make(&base)?));
    }
    let numbered = |number: usize| CString::try_from_fmt(fmt!("{}.{number}", &*base));
    // Many epochs of one name mostly have the numbers from 2 on.
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
    Ok(DirectoryOf::new(root.make(&numbered(free)?)?))
}

/// Returns a valid file name for an epoch called `name`.
fn file_name(name: &CStr) -> Result<CString> {
    /// The longest prefix of a name, which leaves room for a number in the 255 bytes of a file
    /// name.
    const MAX: usize = 200;

    let mut bytes = KVec::new();
    for &byte in name.to_bytes().iter().take(MAX) {
        // As `kobject_set_name()` replaces a slash; other characters would garble a listing or a
        // log.
        let allowed = matches!(byte, b' '..=b'~') && byte != b'/';
        bytes.push(if allowed { byte } else { b'!' }, GFP_KERNEL)?;
    }
    match bytes.as_slice() {
        b"" => CString::try_from_fmt(fmt!("unnamed")),
        b"." | b".." => CString::try_from_fmt(fmt!("!")),
        bytes => CString::try_from_fmt(fmt!("{}", BStr::from_bytes(bytes))),
    }
}
