// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/class/misc/epoch_bench/`, as described in
//! `Documentation/ABI/testing/sysfs-class-misc-epoch_bench`.

use crate::{
    bench::Bench,
    device::Worker,
    trackers::{
        Kind,
        Names, //
    }, //
};
use kernel::{
    prelude::*,
    str::{
        BStr,
        CStr, //
    },
    sync::Arc, //
};
use kernel_ext::{
    groups,
    module_param::Named,
    sysfs::{
        Attribute,
        Output, //
    }, //
};

groups!(pub(crate) GROUPS for Worker: [Tracker, AvailableTrackers, Workers]);

struct Tracker;

impl Attribute for Tracker {
    type Device = Worker;
    const NAME: &'static CStr = c"tracker";
    const WRITABLE: bool = true;

    fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
        out.write(fmt!("{}", bench.tracker().name()));
        Ok(())
    }

    fn store(bench: &Arc<Bench>, value: &BStr) -> Result {
        let kind = Kind::from_name(value)?;
        bench.set_tracker(kind).inspect_err(|_| {
            pr_err!("tracker: cannot change to '{}' while workers run\n", value);
        })
    }
}

struct AvailableTrackers;

impl Attribute for AvailableTrackers {
    type Device = Worker;
    const NAME: &'static CStr = c"available_trackers";
    const WRITABLE: bool = false;

    fn show(_bench: &Arc<Bench>, out: &mut Output) -> Result {
        out.write(fmt!("{}", Names));
        Ok(())
    }
}

struct Workers;

impl Attribute for Workers {
    type Device = Worker;
    const NAME: &'static CStr = c"workers";
    const WRITABLE: bool = false;

    fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
        out.write(fmt!("{}", bench.workers()));
        Ok(())
    }
}
