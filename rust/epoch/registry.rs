// SPDX-License-Identifier: GPL-2.0

//! The registry of all epochs, kept in `registry.c`.

use crate::helpers;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The registry; dropping it ends it.
pub(crate) struct Registry(());

impl Registry {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Only `drop` undoes it.
        to_result(unsafe { helpers::epoch_registry_init() })?;
        Ok(Self(()))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // SAFETY: `new` initialised the registry.
        unsafe { helpers::epoch_registry_exit() };
    }
}
