// SPDX-License-Identifier: GPL-2.0

//! The files in `/sys/class/misc/epoch_bench/`, as described in
//! `Documentation/ABI/testing/sysfs-class-misc-epoch_bench`.

mod counters;
mod hook;

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

groups!(
    pub(crate) GROUPS for Worker: [Tracker, AvailableTrackers, Workers, Verify, Violations],
    c"hook": [
        hook::Enable,
        hook::Symbol,
        hook::AvailableSymbols,
        hook::Mechanism,
        hook::Tgid,
        hook::Ancestor,
        hook::Comm,
        hook::Hits,
        hook::Missed,
        hook::Blocks,
    ],
    c"counters": [
        counters::Waits,
        counters::BlockedWaits,
        counters::LongestQueue,
        counters::Restarts,
        counters::Contended,
    ],
);

/// Makes a file that shows a number, or whatever else can be shown.
macro_rules! read_only {
    ($ty:ident: $name:literal, $show:expr) => {
        pub(super) struct $ty;

        impl Attribute for $ty {
            type Device = Worker;
            const NAME: &'static CStr = $name;
            const WRITABLE: bool = false;

            fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
                let show: fn(&Bench, &mut Output) = $show;
                show(bench, out);
                Ok(())
            }
        }
    };
}
use read_only;

/// 0 or 1, as a file or a parameter takes it.
#[derive(Clone, Copy)]
pub(crate) struct Switch(pub(crate) bool);

impl Named for Switch {
    fn from_name(name: &BStr) -> Result<Self> {
        match &**name {
            b"0" => Ok(Self(false)),
            b"1" => Ok(Self(true)),
            _ => {
                pr_err!("'{}' is neither 0 nor 1\n", name);
                Err(EINVAL)
            }
        }
    }
}

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
        bench.set_tracker(kind).inspect_err(|error| {
            if *error == EINVAL {
                pr_err!(
                    "tracker: '{}' sleeps, and the hook is enabled by {}, whose handlers must not: disable it first, or write 'syscall' to hook/mechanism\n",
                    value,
                    bench.hook.mechanism().name()
                );
            }
        })
    }
}

read_only!(AvailableTrackers: c"available_trackers", |_, out| out.write(fmt!("{}", Names)));
read_only!(Workers: c"workers", |bench, out| out.write(fmt!("{}", bench.workers())));
read_only!(Violations: c"violations", |bench, out| {
    let of_each = Kind::ALL.iter().map(|&kind| bench.verifier.violations(kind));
    out.write(fmt!("{}", of_each.sum::<u64>()));
});

struct Verify;

impl Attribute for Verify {
    type Device = Worker;
    const NAME: &'static CStr = c"verify";
    const WRITABLE: bool = true;

    fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
        out.write(fmt!("{}", u8::from(bench.verifier.is_on())));
        Ok(())
    }

    fn store(bench: &Arc<Bench>, value: &BStr) -> Result {
        bench.verifier.turn(Switch::from_name(value)?.0);
        Ok(())
    }
}
