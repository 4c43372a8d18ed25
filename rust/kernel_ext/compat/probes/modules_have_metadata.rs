// SPDX-License-Identifier: GPL-2.0

//! Compiles if `THIS_MODULE` is a constant of a trait, as since 7.3, and not a static of the crate.

/// Returns the address of a module.
pub fn probe<T: kernel::ModuleMetadata>() -> *mut kernel::bindings::module {
    T::THIS_MODULE.as_ptr()
}
