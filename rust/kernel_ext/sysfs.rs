// SPDX-License-Identifier: GPL-2.0

//! Sysfs attributes: tables of them, and those of a misc device. [`crate::kobject`] has directories
//! that are created and removed at run time.
//!
//! C header: [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::misc::{
    Device,
    Registration, //
};
use core::{
    marker::PhantomData,
    mem::MaybeUninit, //
};
use kernel::{
    bindings,
    fmt,
    prelude::*,
    str::{
        BStr,
        CStr, //
    }, //
};

/// A file that shows a value of a `T` as text. A directory is made of a table of these.
pub struct Attribute<T: 'static> {
    pub(crate) name: &'static CStr,
    /// Permissions of the file.
    pub(crate) mode: u16,
    pub(crate) show: fn(&T, &mut Output) -> Result,
    pub(crate) store: Option<fn(&T, &BStr) -> Result>,
}

impl<T> Attribute<T> {
    /// Creates a file that anyone may read. `show` writes the value, without a newline.
    pub const fn read_only(name: &'static CStr, show: fn(&T, &mut Output) -> Result) -> Self {
        Self {
            name,
            mode: 0o444,
            show,
            store: None,
        }
    }

    /// Creates a file that anyone may read, and root may write. `store` takes what was written,
    /// without the newline at its end; on an error it must change nothing.
    pub const fn read_write(
        name: &'static CStr,
        show: fn(&T, &mut Output) -> Result,
        store: fn(&T, &BStr) -> Result,
    ) -> Self {
        Self {
            name,
            mode: 0o644,
            show,
            store: Some(store),
        }
    }

    /// Creates a file that only root may read.
    pub const fn private(name: &'static CStr, show: fn(&T, &mut Output) -> Result) -> Self {
        Self {
            mode: 0o400,
            ..Self::read_only(name, show)
        }
    }
}

/// Output of [`Attribute::show`]: one page.
///
/// # Invariants
///
/// `page` is the page-sized, page-aligned buffer of a sysfs read; the first `len` bytes are
/// written.
pub struct Output {
    page: *mut c_char,
    len: c_int,
}

impl Output {
    /// Appends text, and cuts off what does not fit.
    pub fn write(&mut self, args: fmt::Arguments<'_>) {
        // SAFETY: By the type invariant the buffer and the offset are what the function takes, and
        // `%pA` takes `fmt::Arguments`.
        self.len += unsafe {
            bindings::sysfs_emit_at(
                self.page,
                self.len,
                c"%pA".as_char_ptr(),
                core::ptr::from_ref(&args).cast::<c_void>(),
            )
        };
    }
}

/// Fills `page` with what `f` writes and a newline. Returns the length or an errno, as C's
/// functions do.
///
/// # Safety
///
/// `page` is the page-sized, page-aligned buffer of a sysfs read.
pub(crate) unsafe fn show(page: *mut c_char, f: impl FnOnce(&mut Output) -> Result) -> isize {
    // INVARIANT: `page` is such a buffer, as this function requires; nothing is written yet.
    let mut out = Output { page, len: 0 };
    match f(&mut out) {
        Ok(()) => {
            out.write(fmt!("\n"));
            out.len as isize
        }
        Err(error) => error.to_errno() as isize,
    }
}

/// Passes `f` what was written, without the newline at its end. Returns `len` or an errno, as C's
/// functions do.
///
/// # Safety
///
/// `text` points to `len` bytes.
pub(crate) unsafe fn store(
    text: *const c_char,
    len: usize,
    f: impl FnOnce(&BStr) -> Result,
) -> isize {
    // SAFETY: `text` points to `len` bytes, as this function requires.
    let value = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), len) };
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    match f(BStr::from_bytes(value)) {
        Ok(()) => len as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// A file of a [`Device`], as C sees it.
///
/// # Invariants
///
/// `raw` and its functions are those of `attribute`.
#[doc(hidden)]
#[repr(C)]
pub struct DeviceFile<D: Device> {
    // First, so that its address is that of the whole.
    raw: bindings::device_attribute,
    attribute: &'static Attribute<D::Shared>,
}

// SAFETY: It does not change.
unsafe impl<D: Device> Sync for DeviceFile<D> {}

impl<D: Device> DeviceFile<D> {
    /// Returns the files of a table of attributes.
    pub const fn table<const N: usize>(
        attributes: &'static [Attribute<D::Shared>; N],
    ) -> [Self; N] {
        let mut files = [const { MaybeUninit::<Self>::uninit() }; N];
        let mut i = 0;
        while i < N {
            files[i].write(Self::new(&attributes[i]));
            i += 1;
        }
        // SAFETY: All of them were written, and they have the same layout.
        unsafe { core::mem::transmute_copy(&files) }
    }

    const fn new(attribute: &'static Attribute<D::Shared>) -> Self {
        // SAFETY: All zeroes is a valid `device_attribute`: pointers, functions and numbers.
        let mut raw: bindings::device_attribute = unsafe { core::mem::zeroed() };
        raw.attr.name = kernel::str::as_char_ptr_in_const_context(attribute.name);
        raw.attr.mode = attribute.mode;
        raw.__bindgen_anon_1.show = Some(Self::show);
        raw.__bindgen_anon_2.store = match attribute.store {
            Some(_) => Some(Self::store),
            None => None,
        };
        // INVARIANT: The name, the mode and the functions are those of `attribute`.
        Self { raw, attribute }
    }

    /// Returns the C attributes of these files, and a null pointer at the end.
    ///
    /// `COUNT` is one more than there are files.
    pub const fn list<const N: usize, const COUNT: usize>(
        files: &'static [Self; N],
    ) -> [*const bindings::attribute; COUNT] {
        assert!(COUNT == N + 1);
        let mut list = [core::ptr::null(); COUNT];
        let mut i = 0;
        while i < N {
            list[i] = &raw const files[i].raw.attr;
            i += 1;
        }
        list
    }

    /// # Safety
    ///
    /// `dev` is the device of a live `Registration<D>`, and `attr` the first field of a file of it.
    unsafe fn parts<'a>(
        dev: *mut bindings::device,
        attr: *mut bindings::device_attribute,
    ) -> (&'a D::Shared, &'a Attribute<D::Shared>) {
        // SAFETY: The misc class stores the `miscdevice` as driver data, and removes the attributes
        // before `misc_deregister()` returns; the attribute as this function requires.
        unsafe {
            (
                Registration::<D>::shared_of((*dev).driver_data.cast()),
                (*attr.cast_const().cast::<Self>()).attribute,
            )
        }
    }

    /// # Safety
    ///
    /// Called by the C side of a `device_attribute`, for a file of a live `Registration<D>`.
    unsafe extern "C" fn show(
        dev: *mut bindings::device,
        attr: *mut bindings::device_attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: `attr` is a file of a live `Registration<D>`, and `dev` its device, by the
        // caller's promise.
        let (shared, attribute) = unsafe { Self::parts(dev, attr) };
        // SAFETY: sysfs passes a page-sized, page-aligned buffer.
        unsafe { show(page, |out| (attribute.show)(shared, out)) }
    }

    /// # Safety
    ///
    /// Called by the C side of a `device_attribute`, for a file of a live `Registration<D>`.
    unsafe extern "C" fn store(
        dev: *mut bindings::device,
        attr: *mut bindings::device_attribute,
        text: *const c_char,
        len: usize,
    ) -> isize {
        // SAFETY: `attr` is a file of a live `Registration<D>`, and `dev` its device, by the
        // caller's promise.
        let (shared, attribute) = unsafe { Self::parts(dev, attr) };
        // SAFETY: sysfs passes `len` bytes.
        unsafe {
            store(text, len, |value| {
                attribute.store.ok_or(EPERM)?(shared, value)
            })
        }
    }
}

/// Attribute groups of the device `D`, as [`groups!`](crate::groups) defines them.
///
/// # Invariants
///
/// The pointers are those of constant groups of files of `D`, and the last one is null.
pub struct Groups<D> {
    groups: &'static [*const bindings::attribute_group],
    _device: PhantomData<fn(D)>,
}

// SAFETY: What it points to is constant.
unsafe impl<D> Sync for Groups<D> {}

impl<D> Groups<D> {
    /// # Safety
    ///
    /// The pointers are those of constant groups, the last one null; their attributes are those of
    /// [`DeviceFile::list`] of files of `D`.
    #[doc(hidden)]
    pub const unsafe fn new(groups: &'static [*const bindings::attribute_group]) -> Self {
        // INVARIANT: The pointers are those of such groups, as this function requires.
        Self {
            groups,
            _device: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut *const bindings::attribute_group {
        self.groups.as_ptr().cast_mut()
    }
}

/// Returns a group of attributes, whose list ends with a null pointer, in `directory` if there is
/// one.
#[doc(hidden)]
pub const fn group(
    directory: Option<&'static CStr>,
    attributes: &'static [*const bindings::attribute],
) -> bindings::attribute_group {
    // SAFETY: All zeroes is a valid `attribute_group`: pointers and functions.
    let mut raw: bindings::attribute_group = unsafe { core::mem::zeroed() };
    if let Some(directory) = directory {
        raw.name = kernel::str::as_char_ptr_in_const_context(directory);
    }
    raw.__bindgen_anon_2.attrs_const = attributes.as_ptr();
    raw
}

/// Defines the constant list of a device's files, from tables of [`Attribute`]s, in directories or
/// not: `groups!(NAME for Device: None => TABLE, Some(c"directory") => OTHER)`.
#[macro_export]
macro_rules! groups {
    ($vis:vis $name:ident for $device:ty: $($directory:expr => $table:path),+ $(,)?) => {
        $vis static $name: $crate::sysfs::Groups<$device> = {
            const GROUPS: &[*const ::kernel::bindings::attribute_group] = &[
                $({
                    const COUNT: usize = $table.len();
                    static FILES: [$crate::sysfs::DeviceFile<$device>; COUNT] =
                        $crate::sysfs::DeviceFile::table(&$table);
                    const LIST: &[*const ::kernel::bindings::attribute] =
                        &$crate::sysfs::DeviceFile::list::<COUNT, { COUNT + 1 }>(&FILES);
                    const GROUP: &::kernel::bindings::attribute_group =
                        &$crate::sysfs::group($directory, LIST);
                    GROUP
                },)+
                ::core::ptr::null(),
            ];
            // SAFETY: The lists are those of files of the device, and the null pointer is there.
            unsafe { $crate::sysfs::Groups::new(GROUPS) }
        };
    };
}
