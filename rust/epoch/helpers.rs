// SPDX-License-Identifier: GPL-2.0

//! What C has for this crate: made by bindgen from `helpers.h`.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::all)]
include!(env!("EPOCH_HELPERS"));
