// SPDX-License-Identifier: GPL-2.0

//! Epoch-based reclamation on per-CPU data.
//!
//! Readers mark sections with [`Epoch::enter`]; an updater that has unlinked something waits with
//! [`Epoch::synchronize`], or leaves a callback with [`Epoch::call`], until no section is left that
//! could still see it. A section costs its reader two increments of per-CPU memory, without fences;
//! it may sleep, be preempted, and end on another CPU or in another context. The updater pays, with
//! a barrier on all CPUs.
//!
//! See `Documentation/epoch.rst`, and [`domain`] for the algorithm and why it is right.

use kernel::prelude::*;

mod api;
mod c_api;
mod callback;
mod detector;
pub mod domain;
mod fenced;
mod helpers;
#[cfg(CONFIG_KUNIT = "y")]
mod kunit;
mod links;
mod lull;
mod platform;
mod pointer;
mod stall;
mod sysfs;
mod trace;
mod tracking;

pub use crate::{
    api::{
        Detached,
        Epoch,
        Guard, //
    },
    callback::{
        Callback,
        Deferred,
        Head, //
    },
    fenced::{
        FencedEpoch,
        FencedGuard, //
    },
    pointer::{
        EpochPtr,
        Owned,
        Unlinked, //
    }, //
};

module! {
    type: EpochModule,
    name: "epoch",
    authors: ["The epoch project"],
    description: "Epoch-based reclamation on per-CPU data",
    license: "GPL",
}

struct EpochModule {
    _sysfs: sysfs::Root,
}

impl kernel::Module for EpochModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            _sysfs: sysfs::Root::new()?,
        })
    }
}
