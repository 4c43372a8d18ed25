// SPDX-License-Identifier: GPL-2.0

//! Sysfs attributes of a misc device, and what all attributes have in common.
//!
//! C header: [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::misc::{
    Device,
    Registration, //
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    fmt,
    prelude::*,
    str::{
        BStr,
        CStr, //
    }, //
};

/// One file in the folder of a [`Device`].
pub trait Attribute: 'static {
    /// The device it belongs to.
    type Device: Device;

    /// The file's name.
    const NAME: &'static CStr;

    /// Whether root may write the file.
    const WRITABLE: bool;

    /// Whether nobody else may read it.
    const PRIVATE: bool = false;

    /// What a reader gets, without the newline.
    fn show(shared: &<Self::Device as Device>::Shared, out: &mut Output) -> Result;

    /// Takes what was written, without the newline at its end. Nothing is to change on an error.
    fn store(_shared: &<Self::Device as Device>::Shared, _value: &BStr) -> Result {
        Err(EPERM)
    }
}

/// Where [`Attribute::show`] writes to: one page.
///
/// # Invariants
///
/// `page` is the page-sized, page-aligned buffer of a sysfs read; the first `len` bytes are written.
pub struct Output {
    page: *mut c_char,
    len: c_int,
}

impl Output {
    /// Adds text. What does not fit is cut off.
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

/// Fills `page` with what `f` writes and a newline. Returns what C's functions return.
///
/// # Safety
///
/// `page` is the page-sized, page-aligned buffer of a sysfs read.
pub(crate) unsafe fn show(page: *mut c_char, f: impl FnOnce(&mut Output) -> Result) -> isize {
    // INVARIANT: By the caller's promise; nothing is written yet.
    let mut out = Output { page, len: 0 };
    match f(&mut out) {
        Ok(()) => {
            out.write(fmt!("\n"));
            out.len as isize
        }
        Err(error) => error.to_errno() as isize,
    }
}

/// Gives `f` what was written, without the newline at its end. Returns what C's functions return.
///
/// # Safety
///
/// `text` points to `len` bytes.
pub(crate) unsafe fn store(
    text: *const c_char,
    len: usize,
    f: impl FnOnce(&BStr) -> Result,
) -> isize {
    // SAFETY: By the caller's promise.
    let value = unsafe { core::slice::from_raw_parts(text.cast::<u8>(), len) };
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    match f(BStr::from_bytes(value)) {
        Ok(()) => len as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// The C side of an [`Attribute`].
#[doc(hidden)]
pub struct Raw<A>(PhantomData<A>);

impl<A: Attribute> Raw<A> {
    const ATTRIBUTE: bindings::device_attribute = {
        // SAFETY: All zeroes is a valid `device_attribute`: pointers, functions and numbers.
        let mut raw: bindings::device_attribute = unsafe { core::mem::zeroed() };
        raw.attr.name = kernel::str::as_char_ptr_in_const_context(A::NAME);
        raw.attr.mode = match (A::WRITABLE, A::PRIVATE) {
            (true, true) => 0o600,
            (true, false) => 0o644,
            (false, true) => 0o400,
            (false, false) => 0o444,
        };
        raw.__bindgen_anon_1.show = Some(Self::show);
        raw.__bindgen_anon_2.store = if A::WRITABLE { Some(Self::store) } else { None };
        raw
    };

    /// The C attribute.
    pub const PTR: *const bindings::attribute = &raw const Self::ATTRIBUTE_REF.attr;
    const ATTRIBUTE_REF: &'static bindings::device_attribute = &Self::ATTRIBUTE;

    /// # Safety
    ///
    /// `dev` is the device of a live `Registration<A::Device>`.
    unsafe fn shared<'a>(dev: *mut bindings::device) -> &'a <A::Device as Device>::Shared {
        // SAFETY: The misc class stores the `miscdevice` as driver data, and removes the attributes
        // before `misc_deregister()` returns.
        unsafe { Registration::<A::Device>::shared_of((*dev).driver_data.cast()) }
    }

    /// # Safety
    ///
    /// As the C side of a `device_attribute` of that device calls it.
    unsafe extern "C" fn show(
        dev: *mut bindings::device,
        _attr: *mut bindings::device_attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: The attribute belongs to that device.
        let shared = unsafe { Self::shared(dev) };
        // SAFETY: sysfs gives such a buffer.
        unsafe { show(page, |out| A::show(shared, out)) }
    }

    /// # Safety
    ///
    /// As the C side of a `device_attribute` of that device calls it.
    unsafe extern "C" fn store(
        dev: *mut bindings::device,
        _attr: *mut bindings::device_attribute,
        page: *const c_char,
        len: usize,
    ) -> isize {
        // SAFETY: The attribute belongs to that device.
        let shared = unsafe { Self::shared(dev) };
        // SAFETY: sysfs gives `len` bytes.
        unsafe { store(page, len, |value| A::store(shared, value)) }
    }
}

/// The attribute groups of the device `D`, as [`groups!`](crate::groups) makes them.
///
/// # Invariants
///
/// The pointers are those of constant groups of attributes of `D`, and the last one is null.
pub struct Groups<D> {
    groups: &'static [*const bindings::attribute_group],
    _device: PhantomData<fn(D)>,
}

// SAFETY: What it points to is constant.
unsafe impl<D> Sync for Groups<D> {}

impl<D> Groups<D> {
    /// # Safety
    ///
    /// The pointers are those of constant groups, the last one null; their attributes are [`Raw::PTR`] of
    /// attributes of `D`, and a null pointer at the end.
    #[doc(hidden)]
    pub const unsafe fn new(groups: &'static [*const bindings::attribute_group]) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            groups,
            _device: PhantomData,
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut *const bindings::attribute_group {
        self.groups.as_ptr().cast_mut()
    }
}

/// A group of attributes, whose list ends with a null pointer, in a folder of that name if there is one.
#[doc(hidden)]
pub const fn group(
    folder: Option<&'static CStr>,
    attributes: &'static [*const bindings::attribute],
) -> bindings::attribute_group {
    // SAFETY: All zeroes is a valid `attribute_group`: pointers and functions.
    let mut raw: bindings::attribute_group = unsafe { core::mem::zeroed() };
    if let Some(folder) = folder {
        raw.name = kernel::str::as_char_ptr_in_const_context(folder);
    }
    raw.__bindgen_anon_2.attrs_const = attributes.as_ptr();
    raw
}

/// Makes a constant list of the [`Attribute`]s of a device, and of folders with more of them:
/// `groups!(NAME for Device: [A, B], c"folder": [C])`.
#[macro_export]
macro_rules! groups {
    ($vis:vis $name:ident for $device:ty: [$($attribute:ty),+ $(,)?]
        $(, $folder:literal: [$($inner:ty),+ $(,)?])* $(,)?) => {
        $vis static $name: $crate::sysfs::Groups<$device> = {
            const fn of_device<A: $crate::sysfs::Attribute<Device = $device>>(
            ) -> *const ::kernel::bindings::attribute {
                $crate::sysfs::Raw::<A>::PTR
            }

            const GROUPS: &[*const ::kernel::bindings::attribute_group] = &[
                {
                    const GROUP: &::kernel::bindings::attribute_group = &$crate::sysfs::group(
                        ::core::option::Option::None,
                        &[$(of_device::<$attribute>(),)+ ::core::ptr::null()],
                    );
                    GROUP
                },
                $({
                    const GROUP: &::kernel::bindings::attribute_group = &$crate::sysfs::group(
                        ::core::option::Option::Some($folder),
                        &[$(of_device::<$inner>(),)+ ::core::ptr::null()],
                    );
                    GROUP
                },)*
                ::core::ptr::null(),
            ];
            // SAFETY: `of_device` sees to the type, and the null pointers are there.
            unsafe { $crate::sysfs::Groups::new(GROUPS) }
        };
    };
}
