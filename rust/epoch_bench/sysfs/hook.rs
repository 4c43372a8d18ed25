// SPDX-License-Identifier: GPL-2.0

//! The directory `hook`: settings, state and counters of the hook.

use super::Switch;
use crate::{
    bench::Bench,
    hook, //
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
    module_param::Named,
    sysfs::Attribute,
    task, //
};

/// Attributes of the directory `hook`.
pub(super) static FILES: [Attribute<Arc<Bench>>; 10] = [
    Attribute::read_write(
        c"enable",
        |bench, out| {
            out.write(fmt!("{}", u8::from(bench.hook.is_enabled())));
            Ok(())
        },
        |bench, value| match Switch::from_name(value)? {
            Switch(true) => bench.hook.enable(),
            Switch(false) => bench.hook.disable(),
        },
    ),
    Attribute::read_write(
        c"symbol",
        |bench, out| {
            bench.hook.with_symbol(|symbol| {
                let symbol = symbol.map_or(b"".as_slice(), CStr::to_bytes);
                out.write(fmt!("{}", BStr::from_bytes(symbol)));
            });
            Ok(())
        },
        |bench, value| bench.hook.set_symbol(value),
    ),
    // Private: a read probes each function.
    Attribute::private(c"available_symbols", |bench, out| {
        let mut first = true;
        for symbol in hook::available_symbols(bench.hook.function_mechanism()) {
            let blank = if first { "" } else { " " };
            out.write(fmt!("{}{}", blank, BStr::from_bytes(symbol.to_bytes())));
            first = false;
        }
        Ok(())
    }),
    Attribute::read_write(
        c"mechanism",
        |bench, out| {
            out.write(fmt!("{}", bench.hook.mechanism().name()));
            Ok(())
        },
        |bench, value| {
            let mechanism = match &**value {
                b"auto" => None,
                _ => Some(hook::Mechanism::from_name(value).ok_or_else(|| {
                    pr_err!(
                        "hook: mechanism: '{}' is none of: auto fprobe kretprobe syscall\n",
                        value
                    );
                    EINVAL
                })?),
            };
            bench.hook.set_mechanism(mechanism)
        },
    ),
    Attribute::read_write(
        c"tgid",
        |bench, out| {
            out.write(fmt!("{}", bench.hook.filter.tgid()));
            Ok(())
        },
        |bench, value| {
            bench.hook.filter.set_tgid(process("tgid", value)?);
            Ok(())
        },
    ),
    Attribute::read_write(
        c"ancestor",
        |bench, out| {
            out.write(fmt!("{}", bench.hook.filter.ancestor()));
            Ok(())
        },
        |bench, value| {
            bench.hook.filter.set_ancestor(process("ancestor", value)?);
            Ok(())
        },
    ),
    Attribute::read_write(
        c"comm",
        |bench, out| {
            out.write(fmt!("{}", bench.hook.filter.comm()));
            Ok(())
        },
        |bench, value| {
            let comm = task::Comm::new(value).ok_or_else(|| {
                pr_err!(
                    "hook: comm takes a task name of at most 15 bytes, or an empty one for all\n"
                );
                EINVAL
            })?;
            bench.hook.filter.set_comm(&comm);
            Ok(())
        },
    ),
    Attribute::read_only(c"hits", |bench, out| {
        out.write(fmt!("{}", bench.hook.hits()));
        Ok(())
    }),
    Attribute::read_only(c"missed", |bench, out| {
        out.write(fmt!("{}", bench.hook.missed()));
        Ok(())
    }),
    Attribute::read_only(c"blocks", |bench, out| {
        out.write(fmt!("{}", bench.hook.blocks()));
        Ok(())
    }),
];

/// Parses the number of a process in the initial namespace, or 0; logs what `file` takes if that
/// fails.
fn process(file: &str, value: &BStr) -> Result<usize> {
    // Process numbers are positive, and fit an int.
    let number = core::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse::<u32>().ok())
        .filter(|&number| i32::try_from(number).is_ok());
    let number = number.ok_or_else(|| {
        pr_err!(
            "hook: {} takes the number of a process, or 0 for all, not '{}'\n",
            file,
            value
        );
        EINVAL
    })?;
    Ok(number as usize)
}
