// SPDX-License-Identifier: GPL-2.0

//! Structures that user space passes with their size, and that may grow.
//!
//! Fields are only appended, and 0 in a field means what was done before the field existed. So a
//! program and a kernel that know different sizes understand each other.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use crate::helpers;
use kernel::{
    error::to_result,
    prelude::*,
    transmute::{
        AsBytes,
        FromBytes, //
    },
    uaccess::UserPtr, //
};

/// Reads a structure of `size` bytes from user space into `value`. Sleeps.
///
/// Fields beyond `size` become 0. Fails with [`E2BIG`] if a byte beyond `T` is not 0.
pub fn read<T: AsBytes + FromBytes>(value: &mut T, from: UserPtr, size: usize) -> Result {
    let value: *mut T = value;
    // SAFETY: `value` is valid for writing its size, and all values of its bytes are valid.
    to_result(unsafe {
        helpers::kernel_ext_copy_struct_from_user(
            value.cast(),
            size_of::<T>(),
            from.as_const_ptr(),
            size,
        )
    })
}

/// Writes `value` to a structure of `size` bytes in user space. Sleeps.
///
/// Fields beyond `size` are left out. Bytes beyond `T` become 0.
pub fn write<T: AsBytes>(to: UserPtr, size: usize, value: &T) -> Result {
    let value: *const T = value;
    // SAFETY: `value` is valid for reading its size, and has no bytes that are not initialised.
    to_result(unsafe {
        helpers::kernel_ext_copy_struct_to_user(to.as_mut_ptr(), size, value.cast(), size_of::<T>())
    })
}
