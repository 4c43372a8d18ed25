// SPDX-License-Identifier: MIT OR Apache-2.0

//! Values of options that are one of a few, with their descriptions.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use epoch_device::hook::Mechanism;
use epoch_device::testcase::Testcase;
use epoch_results::record::Where;

/// Returns a parser of `--testcase`.
pub fn testcase() -> impl TypedValueParser<Value = Testcase> {
    one_of(Testcase::ALL, Testcase::name, |testcase| match testcase {
        Testcase::Mmap1 => "Map and unmap 128 MB of anonymous memory without touching it",
        Testcase::Mmap1Touch => {
            "Map 128 MB of anonymous memory, write to the first pages (--pages), unmap it"
        }
        Testcase::PageFault => "Map one page, write to it, unmap it",
        Testcase::Di => "Start and finish a delayed invalidation (DI) block, nothing else",
    })
}

/// Returns a parser of `--where`.
pub fn location() -> impl TypedValueParser<Value = Where> {
    one_of(Where::ALL, Where::name, |location| match location {
        Where::Kernel => "In the kernel, through /dev/epoch_bench",
        Where::User => {
            "In user space, as mmap and munmap system calls; trackers take part through the hook"
        }
    })
}

/// Returns a parser of `--mechanism`.
pub fn mechanism() -> impl TypedValueParser<Value = Mechanism> {
    one_of(
        Mechanism::ALL,
        Mechanism::name,
        |mechanism| match mechanism {
            Mechanism::Fprobe => "Function tracer (ftrace)",
            Mechanism::Kretprobe => "Breakpoint at the function's entry, or a jump in its place",
            Mechanism::Syscall => {
                "Tracepoints of system calls, munmap(2) only; the only mechanism under which a \
                 tracker may sleep"
            }
        },
    )
}

/// Returns a parser that accepts the names of all values.
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    help: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(|value| PossibleValue::new(name(value)).help(help(value))))
        .try_map(move |given| {
            let mut all = all.into_iter();
            all.find(|&value| name(value) == given)
                .ok_or("there is no such value")
        })
}
