// SPDX-License-Identifier: GPL-2.0

//! Misc devices with shared data, sysfs attributes, and a callback for close(2).
//!
//! The rest of the file operations are those of `kernel::miscdevice`.
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use crate::sysfs::Groups;
use kernel::{
    bindings,
    error::to_result,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    prelude::*,
    str::CStr,
    types::{
        ForeignOwnable,
        Opaque, //
    }, //
};

/// A [`MiscDevice`] whose open files and attributes share some data.
///
/// # Safety
///
/// The device is registered by [`Registration`] only.
pub unsafe trait Device: MiscDevice + 'static {
    /// Data that open files and attributes share.
    type Shared: Send + Sync;

    /// Name in `/dev` and `/sys/class/misc`.
    const NAME: &'static CStr;
    /// Permissions of the device node.
    const MODE: u16;
    /// Attributes in `/sys/class/misc/NAME`.
    const GROUPS: &'static Groups<Self>;

    /// Called for each close(2) of the file, and when a process that has it open exits; `table` is
    /// the table of descriptors that the file is closed in. Other descriptors may still be open,
    /// and other threads still be inside the file.
    fn closing(file: <Self::Ptr as ForeignOwnable>::Borrowed<'_>, table: FileTable);
}

/// Identifies a table of file descriptors: the threads of a process share one, and each process has
/// its own.
///
/// The identifier may be used again when the table is gone.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct FileTable(usize);

impl FileTable {
    /// Returns the table of the current task.
    pub fn current() -> Self {
        let task = current!().as_ptr();
        // SAFETY: A task may read its own pointer; nobody else changes it.
        Self(unsafe { (*task).files }.addr())
    }
}

/// A registered misc device. Dropping it unregisters the device; open files keep the module.
///
/// # Invariants
///
/// `misc` is registered and `shared` initialised from the end of initialisation until `drop`.
#[repr(C)]
#[pin_data(PinnedDrop)]
pub struct Registration<T: Device> {
    // First, so that its address is that of the whole.
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    shared: T::Shared,
}

// SAFETY: A device may be unregistered by any task.
unsafe impl<T: Device> Send for Registration<T> {}
// SAFETY: It only gives out `Device::Shared`, which is `Sync` by its bound.
unsafe impl<T: Device> Sync for Registration<T> {}

impl<T: Device> Registration<T> {
    const FOPS: &'static bindings::file_operations = &bindings::file_operations {
        flush: Some(Self::flush),
        // SAFETY: `into_raw()` points to a constant.
        ..unsafe { *MiscDeviceOptions { name: T::NAME }.into_raw::<T>().fops }
    };

    /// Registers the device.
    pub fn new(shared: T::Shared) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // Before the registration, since the device may be opened at once.
            shared: shared,
            misc <- Opaque::try_ffi_init(|slot: *mut bindings::miscdevice| {
                let mut raw = MiscDeviceOptions { name: T::NAME }.into_raw::<T>();
                raw.fops = Self::FOPS;
                raw.mode = T::MODE;
                raw.groups = T::GROUPS.as_ptr();
                // SAFETY: `slot` is valid for writing.
                unsafe { slot.write(raw) };
                // INVARIANT: It is unregistered by `drop`.
                // SAFETY: What was written is complete, pinned, and unregistered before it goes.
                to_result(unsafe { bindings::misc_register(slot) })
            }),
        })
    }

    /// Returns the data that open files and attributes share.
    pub fn shared(&self) -> &T::Shared {
        &self.shared
    }

    /// # Safety
    ///
    /// `misc` is that of a live `Registration<T>`.
    pub(crate) unsafe fn shared_of<'a>(misc: *mut bindings::miscdevice) -> &'a T::Shared {
        // SAFETY: `misc` is the first field of a live `Registration<T>`, as this function requires.
        unsafe { &(*misc.cast_const().cast::<Self>()).shared }
    }

    /// # Safety
    ///
    /// `file` is an open file of this device.
    unsafe extern "C" fn flush(file: *mut bindings::file, id: bindings::fl_owner_t) -> c_int {
        // SAFETY: An open file of this device holds what `MiscDevice::open` returned.
        let device = unsafe { <T::Ptr as ForeignOwnable>::borrow((*file).private_data) };
        T::closing(device, FileTable(id.addr()));
        0
    }
}

#[pinned_drop]
impl<T: Device> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant it is registered.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

/// Returns the data that open files and attributes share, for [`MiscDevice::open`].
pub fn shared<T: Device>(misc: &MiscDeviceRegistration<T>) -> &T::Shared {
    // SAFETY: `Device` promises that it is part of a `Registration<T>`, which its pointer was made
    // from; that is live while the device is being opened.
    unsafe { Registration::<T>::shared_of(misc.as_raw()) }
}
