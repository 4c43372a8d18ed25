// SPDX-License-Identifier: GPL-2.0

//! What C has for this crate: made by bindgen from `helpers.h`.

#![allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    unreachable_pub,
    clippy::all
)]
include!(env!("EPOCH_HELPERS"));
