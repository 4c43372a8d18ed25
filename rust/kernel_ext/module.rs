// SPDX-License-Identifier: GPL-2.0

//! References that keep a module loaded.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::helpers;
use kernel::{
    prelude::*,
    ThisModule, //
};

/// A reference that keeps a module loaded until it is dropped.
///
/// # Invariants
///
/// It holds a reference to the module.
pub struct ModuleRef(&'static ThisModule);

impl ModuleRef {
    /// Takes a reference. Fails with [`ENODEV`] if the module is being unloaded. Any context.
    pub fn new(module: &'static ThisModule) -> Result<Self> {
        // SAFETY: The module lives as long as the reference to it.
        if unsafe { helpers::kernel_ext_try_module_get(module.as_ptr().cast()) } {
            // INVARIANT: It was just taken.
            Ok(Self(module))
        } else {
            Err(ENODEV)
        }
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, this holds a reference to the module.
        unsafe { helpers::kernel_ext_module_put(self.0.as_ptr().cast()) };
    }
}
