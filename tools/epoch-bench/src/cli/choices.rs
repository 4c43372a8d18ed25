// SPDX-License-Identifier: MIT OR Apache-2.0

//! Values of options that are one of a few, with their descriptions.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use epoch_device::hook::Mechanism;
use epoch_device::sysfs::ALL;
use epoch_device::testcase::Testcase;
use epoch_results::record::Where;
use ministat::Confidence;

use crate::show::export::Format;

/// The trackers of the module that has this command's version.
const TRACKERS: [&str; 9] = [
    "none",
    "mutex",
    "spin",
    "spin-percpu",
    "lockless",
    "epoch",
    "epoch-keyed",
    "srcu",
    "srcu-expedited",
];

/// Returns a parser of the name of a tracker: of any, since another module may have others.
pub fn tracker() -> impl TypedValueParser<Value = String> {
    Known(&TRACKERS)
}

/// Returns a parser of the name of a tracker, or of the word for all of them.
pub fn trackers() -> impl TypedValueParser<Value = String> {
    const NAMES: [&str; 10] = {
        let mut names = [ALL; 10];
        let mut index = 0;
        while index < TRACKERS.len() {
            names[index] = TRACKERS[index];
            index += 1;
        }
        names
    };
    Known(&NAMES)
}

/// Returns a parser of `--confidence`.
pub fn confidence() -> impl TypedValueParser<Value = Confidence> {
    Known(&["80", "90", "95", "98", "99", "99.5"]).try_map(|text| text.parse::<Confidence>())
}

/// Parser of any text that declares the values that are known, for shells to complete.
#[derive(Clone, Copy)]
struct Known(&'static [&'static str]);

impl TypedValueParser for Known {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}

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

/// Returns a parser of `--format`.
pub fn format() -> impl TypedValueParser<Value = Format> {
    one_of(Format::ALL, Format::name, |format| match format {
        Format::WillItScale => "CSV of will-it-scale's runtest.py, of one tracker",
        Format::Lkp => "Statistics of the Linux Kernel Performance tests (LKP)",
        Format::Benchfmt => "Go's benchmark format, for benchstat: a line for each sample",
        Format::Hyperfine => "JSON of hyperfine, for its scripts: times of an iteration of a task",
        Format::Openmetrics => "OpenMetrics, for Prometheus",
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_known_trackers_are_those_of_the_module() {
        let source = "../../rust/epoch_bench/trackers/mod.rs";
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        let source = std::fs::read_to_string(source).unwrap();
        let (_, list) = source.split_once("macro_rules! all {").unwrap();
        let (list, _) = list.split_once("$($for_tests)*").unwrap();
        let names: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(names, TRACKERS);
    }
}
