// SPDX-License-Identifier: GPL-2.0

//! The folder `hook`.

use super::{
    read_only,
    Switch, //
};
use crate::{
    bench::Bench,
    device::Worker,
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
    sysfs::{
        Attribute,
        Output, //
    },
    task, //
};

/// Makes a file that root may write.
macro_rules! read_write {
    ($ty:ident: $name:literal, $show:expr, $store:expr) => {
        pub(super) struct $ty;

        impl Attribute for $ty {
            type Device = Worker;
            const NAME: &'static CStr = $name;
            const WRITABLE: bool = true;

            fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
                let show: fn(&Bench, &mut Output) = $show;
                show(bench, out);
                Ok(())
            }

            fn store(bench: &Arc<Bench>, value: &BStr) -> Result {
                let store: fn(&Bench, &BStr) -> Result = $store;
                store(bench, value)
            }
        }
    };
}

read_write!(
    Enable: c"enable",
    |bench, out| out.write(fmt!("{}", u8::from(bench.hook.is_enabled()))),
    |bench, value| match Switch::from_name(value)? {
        Switch(true) => bench.hook.enable(),
        Switch(false) => bench.hook.disable(),
    }
);

read_write!(
    Symbol: c"symbol",
    |bench, out| bench.hook.with_symbol(|symbol| {
        out.write(fmt!("{}", BStr::from_bytes(symbol.map_or(b"", CStr::to_bytes))));
    }),
    |bench, value| bench.hook.set_symbol(value)
);

pub(super) struct AvailableSymbols;

impl Attribute for AvailableSymbols {
    type Device = Worker;
    const NAME: &'static CStr = c"available_symbols";
    const WRITABLE: bool = false;
    // To find out, each is probed.
    const PRIVATE: bool = true;

    fn show(bench: &Arc<Bench>, out: &mut Output) -> Result {
        let mut first = true;
        for symbol in hook::available_symbols(bench.hook.function_mechanism()) {
            let blank = if first { "" } else { " " };
            out.write(fmt!("{}{}", blank, BStr::from_bytes(symbol.to_bytes())));
            first = false;
        }
        Ok(())
    }
}

read_write!(
    Mechanism: c"mechanism",
    |bench, out| out.write(fmt!("{}", bench.hook.mechanism().name())),
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
    }
);

/// The number of a process in the initial namespace, or 0.
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

read_write!(
    Tgid: c"tgid",
    |bench, out| out.write(fmt!("{}", bench.hook.filter.tgid())),
    |bench, value| {
        bench.hook.filter.set_tgid(process("tgid", value)?);
        Ok(())
    }
);

read_write!(
    Ancestor: c"ancestor",
    |bench, out| out.write(fmt!("{}", bench.hook.filter.ancestor())),
    |bench, value| {
        bench.hook.filter.set_ancestor(process("ancestor", value)?);
        Ok(())
    }
);

read_write!(
    Comm: c"comm",
    |bench, out| out.write(fmt!("{}", bench.hook.filter.comm())),
    |bench, value| {
        let comm = task::Comm::new(value).ok_or_else(|| {
            pr_err!("hook: comm takes the name of a task, of at most 15 bytes, or nothing for all\n");
            EINVAL
        })?;
        bench.hook.filter.set_comm(&comm);
        Ok(())
    }
);

read_only!(Hits: c"hits", |bench, out| out.write(fmt!("{}", bench.hook.hits())));
read_only!(Missed: c"missed", |bench, out| out.write(fmt!("{}", bench.hook.missed())));
read_only!(Blocks: c"blocks", |bench, out| out.write(fmt!("{}", bench.hook.blocks())));
