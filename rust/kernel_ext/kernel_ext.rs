// SPDX-License-Identifier: GPL-2.0

//! What the `kernel` crate does not wrap yet, one file each.
//!
//! Linked into `epoch.ko` and used by all modules of the project. Each file is meant to go as soon
//! as the `kernel` crate has its own.

pub mod atomic128;
pub mod barrier;
pub mod clock;
pub mod cpu;
pub mod kobject;
pub mod lockdep;
pub mod misc;
pub mod mm;
pub mod module;
pub mod module_param;
pub mod munmap;
pub mod once;
pub mod percpu;
pub mod probe;
pub mod sched;
pub mod srcu;
pub mod symbol;
pub mod sysfs;
pub mod task;
pub mod task_slots;
#[cfg(CONFIG_KUNIT = "y")]
pub mod testing;
pub mod threads;

/// Functions of `helpers.c`, for what C has as macros and inline functions; made by bindgen from
/// `helpers.h`.
mod helpers {
    #![allow(
        dead_code,
        missing_docs,
        non_camel_case_types,
        unreachable_pub,
        clippy::all
    )]
    include!(env!("KERNEL_EXT_HELPERS"));
}
