// SPDX-License-Identifier: GPL-2.0

//! KUnit tests: each is named after the property that it checks.

mod bench;
mod hook;
mod slots;
mod trackers;

use crate::{
    bench::Bench,
    trackers::Kind, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Creates a bench for a test, separate from the device's.
fn bench(kind: Kind) -> Result<Arc<Bench>> {
    Arc::pin_init(
        Bench::new(&kernel_ext::this_module!(), kind, false)?,
        GFP_KERNEL,
    )
}
