// SPDX-License-Identifier: GPL-2.0

//! The folder `counters`: what the tracker in use has been through.

use super::read_only;
use crate::{
    bench::Bench,
    device::Worker, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::Arc, //
};
use kernel_ext::sysfs::{
    Attribute,
    Output, //
};

read_only!(Waits: c"waits", |bench, out| {
    out.write(fmt!("{}", bench.counters(bench.tracker()).0));
});
read_only!(BlockedWaits: c"blocked_waits", |bench, out| {
    out.write(fmt!("{}", bench.counters(bench.tracker()).1));
});
read_only!(LongestQueue: c"longest_queue", |bench, out| {
    out.write(fmt!("{}", bench.counters(bench.tracker()).2.longest_queue));
});
read_only!(Restarts: c"restarts", |bench, out| {
    out.write(fmt!("{}", bench.counters(bench.tracker()).2.restarts));
});
read_only!(Contended: c"contended", |bench, out| {
    out.write(fmt!("{}", bench.counters(bench.tracker()).2.contended));
});
