// SPDX-License-Identifier: GPL-2.0

//! The examples of the documentation of `epoch`, as KUnit tests: built for a kernel with KUnit.
//! `extract.awk` extracts them.

use kernel::{
    macros::kunit_tests,
    prelude::*, //
};

module! {
    type: ExamplesModule,
    name: "epoch_examples",
    authors: ["The epoch project"],
    description: "Examples of the documentation of epoch, as tests",
    license: "GPL",
}

struct ExamplesModule;

impl kernel::Module for ExamplesModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}

include!(env!("EPOCH_EXAMPLES"));
