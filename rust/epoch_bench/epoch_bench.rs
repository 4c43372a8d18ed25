// SPDX-License-Identifier: GPL-2.0

//! Trackers of delayed invalidation under mmap/munmap load.
//!
//! Threads that use `/dev/epoch_bench` loop over mmap and munmap inside the kernel, with a
//! tracker's block around each munmap. The hook puts such blocks around the munmap of unmodified
//! programs. `/sys/class/misc/epoch_bench/` selects the tracker, and what is hooked. The trackers
//! are extra load for the comparison: Linux itself has no global lock there.
//!
//! See `Documentation/epoch_bench.rst`.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernel_ext::{
    misc::Registration,
    named_param, //
};

mod bench;
mod device;
mod histogram;
mod hook;
#[cfg(CONFIG_KUNIT = "y")]
mod kunit;
mod progress;
mod selection;
mod stress;
mod sysfs;
mod trackers;
mod uapi;
mod verify;

use crate::{
    bench::Bench,
    device::Worker,
    sysfs::Switch,
    trackers::Kind, //
};

module! {
    type: EpochBenchModule,
    name: "epoch_bench",
    authors: ["The epoch project"],
    description: "Trackers of delayed invalidation under mmap/munmap load",
    license: "GPL",
}

named_param!(
    tracker: Kind = Kind::Epoch,
    "Initial tracker: none, mutex, spin, spin-percpu, lockless, epoch, epoch-keyed, srcu or \
     srcu-expedited (default: epoch)"
);

named_param!(
    verify: Switch = Switch(false),
    "Initial state of the verifier: 0 for off, 1 for on (default: 0)"
);

#[pin_data]
struct EpochBenchModule {
    #[pin]
    _device: Registration<Worker>,
}

impl kernel::InPlaceModule for EpochBenchModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _device <- Registration::new(Arc::pin_init(
                Bench::new(module, tracker.value(), verify.value().0)?,
                GFP_KERNEL,
            )?),
        })
    }
}
