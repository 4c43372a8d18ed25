// SPDX-License-Identifier: GPL-2.0

//! Names of addresses in the code.
//!
//! C header: [`include/linux/kallsyms.h`](srctree/include/linux/kallsyms.h)

use kernel::{
    bindings,
    fmt,
    prelude::*,
    str::BStr, //
};

/// An address in the code, displayed as by C's `%pS`: `function+0x1/0x2 [module]`.
#[derive(Clone, Copy)]
pub struct Symbol(
    /// The address.
    pub usize,
);

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 256];
        // SAFETY: The buffer is as long as said, and the format takes an address.
        let len = unsafe {
            bindings::scnprintf(
                text.as_mut_ptr(),
                text.len(),
                c"%pS".as_char_ptr(),
                self.0 as *const c_void,
            )
        };
        fmt::Display::fmt(BStr::from_bytes(&text[..len as usize]), f)
    }
}
