// SPDX-License-Identifier: GPL-2.0

//! The directory `counters`: statistics of the tracker in use.

use crate::bench::Bench;
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernel_ext::sysfs::Attribute;

/// Attributes of the directory `counters`.
pub(super) static FILES: [Attribute<Arc<Bench>>; 5] = [
    Attribute::read_only(c"waits", |bench, out| {
        out.write(fmt!("{}", bench.counters(bench.tracker()).0));
        Ok(())
    }),
    Attribute::read_only(c"blocked_waits", |bench, out| {
        out.write(fmt!("{}", bench.counters(bench.tracker()).1));
        Ok(())
    }),
    Attribute::read_only(c"longest_queue", |bench, out| {
        out.write(fmt!("{}", bench.counters(bench.tracker()).2.longest_queue));
        Ok(())
    }),
    Attribute::read_only(c"restarts", |bench, out| {
        out.write(fmt!("{}", bench.counters(bench.tracker()).2.restarts));
        Ok(())
    }),
    Attribute::read_only(c"contended", |bench, out| {
        out.write(fmt!("{}", bench.counters(bench.tracker()).2.contended));
        Ok(())
    }),
];
