// SPDX-License-Identifier: GPL-2.0

//! The list of all epochs, which is kept in `registry.c`.

use crate::helpers;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The registry, while the module is there; dropping it ends it.
pub(crate) struct Registry(());

impl Registry {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: It is undone by `drop` only.
        to_result(unsafe { helpers::epoch_registry_init() })?;
        Ok(Self(()))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // SAFETY: `new` has done it.
        unsafe { helpers::epoch_registry_exit() };
    }
}
