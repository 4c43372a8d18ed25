// SPDX-License-Identifier: GPL-2.0

//! Trackers of delayed invalidation under mmap/munmap load.
//!
//! `/dev/epoch_bench` has threads loop over mmap and munmap inside the kernel, with the start and
//! the finish of a tracker's block around each munmap; the hook puts them around the munmap of programs
//! that know nothing of it. `/sys/class/misc/epoch_bench/` chooses the tracker, and what is hooked. The
//! trackers are load that is added for the comparison: Linux itself has no global lock there.
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
    "Tracker to begin with: none, mutex, spin, spin-percpu, lockless, epoch, epoch-keyed, srcu or \
     srcu-expedited (default: epoch)"
);

named_param!(
    verify: Switch = Switch(false),
    "Whether the verifier is on to begin with: 0 or 1 (default: 0)"
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
