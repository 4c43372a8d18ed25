// SPDX-License-Identifier: GPL-2.0

//! References that keep a module loaded.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::helpers;
use kernel::{
    prelude::*,
    ThisModule, //
};

/// Keeps a module from being unloaded; dropping it lets it go.
///
/// # Invariants
///
/// It has a reference of the module.
pub struct ModuleRef(&'static ThisModule);

impl ModuleRef {
    /// Takes a reference, unless the module is being unloaded. Any context.
    pub fn new(module: &'static ThisModule) -> Result<Self> {
        // SAFETY: The module is live as long as the reference to it.
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
        // SAFETY: By the type invariant.
        unsafe { helpers::kernel_ext_module_put(self.0.as_ptr().cast()) };
    }
}
