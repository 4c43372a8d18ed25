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
    str::BStr,
    sync::Arc, //
};
use kernel_ext::{
    groups,
    module_param::Named,
    sysfs::Attribute, //
};

groups!(
    pub(crate) GROUPS for Worker:
        None => self::FILES,
        Some(c"hook") => hook::FILES,
        Some(c"counters") => counters::FILES,
);

/// Attributes of the device's own directory.
static FILES: [Attribute<Arc<Bench>>; 5] = [
    Attribute::read_write(
        c"tracker",
        |bench, out| {
            out.write(fmt!("{}", bench.tracker().name()));
            Ok(())
        },
        |bench, value| {
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
        },
    ),
    Attribute::read_only(c"available_trackers", |_, out| {
        out.write(fmt!("{}", Names));
        Ok(())
    }),
    Attribute::read_only(c"workers", |bench, out| {
        out.write(fmt!("{}", bench.workers().running));
        Ok(())
    }),
    Attribute::read_write(
        c"verify",
        |bench, out| {
            out.write(fmt!("{}", u8::from(bench.verifier.is_on())));
            Ok(())
        },
        |bench, value| {
            bench.verifier.turn(Switch::from_name(value)?.0);
            Ok(())
        },
    ),
    Attribute::read_only(c"violations", |bench, out| {
        let of_each = Kind::ALL
            .iter()
            .map(|&kind| bench.verifier.violations(kind));
        out.write(fmt!("{}", of_each.sum::<u64>()));
        Ok(())
    }),
];

/// A switch in a file or a module parameter: 0 or 1.
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
