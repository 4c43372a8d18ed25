// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel's header and its Rust counterpart agree.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use epoch_device::uapi::{self, Counters, Histogram, Info, Run, Select, Tracker, ioc};

/// Returns each name in the header, and our value of it.
// An ioctl's number is not a u64 with every C library.
#[expect(clippy::unnecessary_cast)]
fn ours() -> BTreeMap<&'static str, u64> {
    let mut values = BTreeMap::from([
        ("EPOCH_BENCH_VERSION", uapi::VERSION.into()),
        ("EPOCH_BENCH_NAME_LEN", uapi::NAME_LEN as u64),
        ("EPOCH_BENCH_MAX_WORKERS", uapi::MAX_WORKERS.into()),
        ("EPOCH_BENCH_MAX_BYTES", uapi::MAX_BYTES),
        ("EPOCH_BENCH_DEFAULT_BYTES", uapi::DEFAULT_BYTES),
        ("EPOCH_BENCH_DEFAULT_KEYS", uapi::DEFAULT_KEYS.into()),
        ("EPOCH_BENCH_MAX_KEYS", uapi::MAX_KEYS.into()),
        ("EPOCH_BENCH_MAX_RATE", uapi::MAX_RATE.into()),
        ("EPOCH_BENCH_BUCKETS", uapi::BUCKETS as u64),
        ("EPOCH_BENCH_MMAP1", uapi::TESTCASE_MMAP1.into()),
        ("EPOCH_BENCH_DI", uapi::TESTCASE_DI.into()),
        ("EPOCH_BENCH_MMAP1_TOUCH", uapi::TESTCASE_MMAP1_TOUCH.into()),
        ("EPOCH_BENCH_PAGE_FAULT", uapi::TESTCASE_PAGE_FAULT.into()),
        ("EPOCH_BENCH_WAIT", uapi::TESTCASE_WAIT.into()),
        ("EPOCH_BENCH_TORTURE", uapi::TESTCASE_TORTURE.into()),
        ("EPOCH_BENCH_TRACKER_SLEEPS", uapi::TRACKER_SLEEPS.into()),
        ("EPOCH_BENCH_HOOKED", uapi::LATENCY_HOOKED.into()),
        ("EPOCH_BENCH_WAITS", uapi::LATENCY_WAITS.into()),
        ("EPOCH_BENCH_IDLE", uapi::STATE_IDLE.into()),
        ("EPOCH_BENCH_RUNNING", uapi::STATE_RUNNING.into()),
        ("EPOCH_BENCH_DONE", uapi::STATE_DONE.into()),
        ("EPOCH_BENCH_IOC_MAGIC", uapi::IOC_MAGIC.into()),
        ("EPOCH_BENCH_IOC_INFO", ioc::INFO as u64),
        ("EPOCH_BENCH_IOC_RUN", ioc::RUN as u64),
        ("EPOCH_BENCH_IOC_STOP", ioc::STOP as u64),
        ("EPOCH_BENCH_IOC_COUNTERS", ioc::COUNTERS as u64),
        ("EPOCH_BENCH_IOC_TRACKER", ioc::TRACKER as u64),
        ("EPOCH_BENCH_IOC_HISTOGRAM", ioc::HISTOGRAM as u64),
        ("EPOCH_BENCH_IOC_SELECT", ioc::SELECT as u64),
        (
            "sizeof(struct epoch_bench_select)",
            size_of::<Select>() as u64,
        ),
        ("sizeof(struct epoch_bench_info)", size_of::<Info>() as u64),
        ("sizeof(struct epoch_bench_run)", size_of::<Run>() as u64),
        (
            "sizeof(struct epoch_bench_counters)",
            size_of::<Counters>() as u64,
        ),
        (
            "sizeof(struct epoch_bench_tracker)",
            size_of::<Tracker>() as u64,
        ),
        (
            "sizeof(struct epoch_bench_histogram)",
            size_of::<Histogram>() as u64,
        ),
        (
            "sizeof(((struct epoch_bench_info *)0)->tracker)",
            uapi::NAME_LEN as u64,
        ),
    ]);
    macro_rules! offsets {
        ($($c:literal $rust:ident { $($field:ident)* })*) => {
            $($(values.insert(
                concat!("offsetof(struct ", $c, ", ", stringify!($field), ")"),
                offset_of!($rust, $field) as u64,
            );)*)*
        };
    }
    offsets! {
        "epoch_bench_info" Info { version max_workers running started tracker }
        "epoch_bench_run" Run {
            version testcase bytes max_iterations max_duration_ns pages rate keys reserved
            tracker iterations elapsed_ns
        }
        "epoch_bench_counters" Counters {
            version state iterations timestamp_ns turns reserved tracker
        }
        "epoch_bench_select" Select { version reserved tracker }
        "epoch_bench_tracker" Tracker {
            version flags name waits blocked longest_queue restarts contended violations
        }
        "epoch_bench_histogram" Histogram { version latency tracker buckets }
    }
    values
}

/// Returns a program that prints the device's path, and each of these expressions.
fn program(expressions: impl Iterator<Item = &'static str>) -> String {
    let mut text = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <linux/epoch_bench.h>\n\
         int main(void)\n{\n\tputs(EPOCH_BENCH_DEVICE);\n",
    );
    for expression in expressions {
        writeln!(
            text,
            "\tprintf(\"%s=%llu\\n\", \"{expression}\", (unsigned long long)({expression}));"
        )
        .unwrap();
    }
    text + "\treturn 0;\n}\n"
}

#[test]
fn the_c_compiler_agrees() {
    let ours = ours();
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("uapi.c");
    let binary = dir.path().join("uapi");
    std::fs::write(&source, program(ours.keys().copied())).unwrap();
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/uapi");
    let compiled = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-I"])
        .arg(&include)
        .arg("-o")
        .args([&binary, &source])
        .output()
        .expect("a C compiler is needed: run 'apt-get install build-essential'");
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let printed = Command::new(&binary).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some(uapi::DEVICE));
    let theirs: BTreeMap<&str, u64> = lines
        .map(|line| line.rsplit_once('=').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect();
    assert_eq!(ours, theirs);
}

/// A constant that is added to the header must be added here, too.
#[test]
fn nothing_in_the_header_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/uapi/linux/epoch_bench.h");
    let header = std::fs::read_to_string(path).unwrap();
    let ours = ours();
    let names =
        regex::Regex::new(r"(?m)^(?:#define\s+|\t)(EPOCH_BENCH_\w+)\b(?:\s*=|\s+\S)").unwrap();
    let mut seen = 0;
    for capture in names.captures_iter(&header) {
        let name = &capture[1];
        seen += 1;
        assert!(
            name == "EPOCH_BENCH_DEVICE" || ours.contains_key(name),
            "{name} is in the header and not in uapi.rs"
        );
    }
    assert!(seen >= 29, "only {seen} constants were found in the header");
}
