// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether the processor has the instructions of all trackers.

use std::path::Path;

use host::hypervisor::has_flag;

use super::finding::Finding;
use super::system::System;

const LOCKLESS: &str = "lockless";

/// Examines the instruction of the tracker `lockless`; all others work everywhere.
pub fn examine(system: &System) -> Vec<Finding> {
    let path = Path::new("/proc/cpuinfo");
    let cpuinfo = match system.read(path) {
        Err(error) => return vec![Finding::unreadable(LOCKLESS, path, &error)],
        Ok(text) => text.unwrap_or_default(),
    };
    let fix = "compare the others, such as 'compare mutex epoch', or give a virtual machine a CPU \
               with cx16, such as its host's";
    vec![if cpuinfo.is_empty() {
        Finding::unknown(
            LOCKLESS,
            "/proc/cpuinfo is missing",
            "run 'mount -t proc proc /proc'",
        )
    } else {
        match has_flag(&cpuinfo, "cx16") {
            Some(true) => Finding::ok(LOCKLESS, "the CPU has cmpxchg16b"),
            Some(false) => Finding::warn(
                LOCKLESS,
                "the CPU lacks cmpxchg16b (cx16), so this tracker is unavailable",
                fix,
            ),
            None => Finding::warn(LOCKLESS, "this tracker is for x86-64 CPUs only", fix),
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Ok, Unknown, Warn};

    fn with(cpuinfo: &str) -> Vec<Finding> {
        examine(&Fake::new().file("/proc/cpuinfo", cpuinfo).system())
    }

    #[test]
    fn the_instruction_is_looked_for() {
        expect(&with("flags\t: fpu cx16 sse\n"), LOCKLESS, Ok, &[]);
        expect(&with("flags\t: fpu cx8 sse\n"), LOCKLESS, Warn, &["cx16"]);
        expect(&with("Features\t: fp asimd\n"), LOCKLESS, Warn, &["x86-64"]);
        expect(&with(""), LOCKLESS, Unknown, &[]);
        expect(
            &examine(&Fake::new().system()),
            LOCKLESS,
            Unknown,
            &["mount"],
        );
        let odd = Fake::new().unreadable("/proc/cpuinfo");
        expect(&examine(&odd.system()), LOCKLESS, Unknown, &["cpuinfo"]);
    }
}
