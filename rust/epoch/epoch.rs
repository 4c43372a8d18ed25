// SPDX-License-Identifier: GPL-2.0

//! Epoch-based reclamation on per-CPU data.
//!
//! Readers mark sections with [`Epoch::enter`]; an updater that has unlinked something waits with
//! [`Epoch::synchronize`], or queues a callback with [`Epoch::call`], until no section is left that
//! could still see it. A section costs its reader two increments of per-CPU memory, without fences;
//! it may sleep, be preempted, and end on another CPU or in another context. The updater pays, with
//! a barrier on all CPUs.
//!
//! See `Documentation/epoch.rst`, and `domain/mod.rs` for the algorithm and its proof.

use kernel::prelude::*;

mod api;
mod barrier;
mod c_api;
mod callback;
// The model checker and the benchmarks in user space compile it, too.
#[allow(dead_code, unreachable_pub, unused_imports)]
mod domain;
mod engine;
mod fenced;
mod helpers;
mod histogram;
#[cfg(CONFIG_KUNIT = "y")]
mod kunit;
mod lifetime;
mod links;
mod platform;
mod pointer;
mod registry;
mod stall;
mod statics;
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
        epoch_context,
        Callback,
        Deferred,
        Head, //
    },
    domain::{
        Cookie,
        Section, //
    },
    fenced::{
        FencedEpoch,
        FencedGuard, //
    },
    pointer::{
        EpochPtr,
        Owned,
        Unlinked, //
    },
    statics::{
        StaticCpus,
        StaticEpoch, //
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
    // Dropped in this order.
    _registry: registry::Registry,
    _sysfs: sysfs::Root,
    _workers: callback::Workers,
    _engines: engine::Threads,
}

impl kernel::Module for EpochModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // Created in this order.
        // SAFETY: This is called once, and no epoch can be created before it returns.
        let (engines, workers, sysfs) = unsafe {
            (
                engine::Threads::start()?,
                callback::Workers::new()?,
                sysfs::Root::new()?,
            )
        };
        Ok(Self {
            _registry: registry::Registry::new()?,
            _sysfs: sysfs,
            _workers: workers,
            _engines: engines,
        })
    }
}
