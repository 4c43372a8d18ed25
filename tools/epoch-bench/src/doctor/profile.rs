// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether the kernel can be profiled under load.

use std::path::Path;

use crate::perf::event::{TIMER, is_cpu_pmu};
use crate::perf::program::{ALL_CPUS, PACKAGE, PARANOID as PARANOID_FILE};

use super::finding::Finding;
use super::system::System;

const PMU: &str = "PMU";
const PARANOID: &str = "perf_event_paranoid";
const KPTR_RESTRICT: &str = "kptr_restrict";
const PERF: &str = "perf";

const DEVICES: &str = "/sys/bus/event_source/devices";
const KPTR_RESTRICT_FILE: &str = "/proc/sys/kernel/kptr_restrict";

/// Examines the performance counters and the permission to use them.
pub fn examine(system: &System) -> Vec<Finding> {
    vec![
        pmu(system),
        paranoid(system),
        kptr_restrict(system),
        perf(system),
    ]
}

fn pmu(system: &System) -> Finding {
    let devices = match system.list(DEVICES) {
        Err(error) => return Finding::unreadable(PMU, Path::new(DEVICES), &error),
        Ok(None) => {
            return Finding::unknown(
                PMU,
                format!("there is no {DEVICES}"),
                "run 'mount -t sysfs sysfs /sys', or take a kernel with CONFIG_PERF_EVENTS=y",
            );
        }
        Ok(Some(devices)) => devices,
    };
    let pmus: Vec<_> = devices
        .into_iter()
        .filter(|name| is_cpu_pmu(name))
        .collect();
    if pmus.is_empty() {
        return Finding::warn(
            PMU,
            "none, so that cycles, cache misses and the like cannot be counted",
            format!(
                "sample by time, as 'epoch-bench profile' does then ({TIMER}), or have the \
                 hypervisor pass the PMU on (QEMU: '-cpu host,pmu=on')"
            ),
        );
    }
    Finding::ok(PMU, pmus.join(", "))
}

fn paranoid(system: &System) -> Finding {
    let level = match system.read(PARANOID_FILE) {
        Err(error) => return Finding::unreadable(PARANOID, Path::new(PARANOID_FILE), &error),
        Ok(None) => {
            return Finding::warn(
                PARANOID,
                format!("there is no {PARANOID_FILE}: this kernel cannot be profiled"),
                "take a kernel with CONFIG_PERF_EVENTS=y",
            );
        }
        Ok(Some(text)) => text,
    };
    match level.parse::<i32>() {
        Ok(level) if level <= ALL_CPUS => Finding::ok(
            PARANOID,
            format!("{level}: every user may profile the kernel on all CPUs"),
        ),
        Ok(level) if system.host().is_root() => {
            Finding::ok(PARANOID, format!("{level}, which does not restrict root"))
        }
        Ok(level) => Finding::warn(
            PARANOID,
            format!("{level}: only root may profile the kernel on all CPUs"),
            format!("profile as root, or run 'sysctl kernel.perf_event_paranoid={ALL_CPUS}'"),
        ),
        Err(_) => Finding::unknown(
            PARANOID,
            format!("{PARANOID_FILE} says '{level}'"),
            format!("run 'sysctl kernel.perf_event_paranoid={ALL_CPUS}'"),
        ),
    }
}

/// Checks the access to addresses: functions without addresses would have no names in a profile.
fn kptr_restrict(system: &System) -> Finding {
    const FIX: &str = "run 'sysctl kernel.kptr_restrict=1', and profile as root";
    let level = match system.read(KPTR_RESTRICT_FILE) {
        Err(error) => {
            return Finding::unreadable(KPTR_RESTRICT, Path::new(KPTR_RESTRICT_FILE), &error);
        }
        Ok(None) => {
            return Finding::unknown(
                KPTR_RESTRICT,
                format!("there is no {KPTR_RESTRICT_FILE}"),
                "run 'mount -t proc proc /proc'",
            );
        }
        Ok(Some(text)) => text,
    };
    match (&level[..], system.host().is_root()) {
        ("0", _) => Finding::ok(KPTR_RESTRICT, "0: samples have the names of functions"),
        ("1", true) => Finding::ok(KPTR_RESTRICT, "1, which does not restrict root"),
        ("1" | "2", _) => Finding::warn(
            KPTR_RESTRICT,
            format!("{level}: samples have no names of functions"),
            FIX,
        ),
        _ => Finding::unknown(
            KPTR_RESTRICT,
            format!("{KPTR_RESTRICT_FILE} says '{level}'"),
            FIX,
        ),
    }
}

fn perf(system: &System) -> Finding {
    match system.host().version(PERF) {
        Some(version) => Finding::ok(PERF, version),
        None => Finding::warn(PERF, "does not run", PACKAGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Ok, Unknown, Warn};

    fn good() -> Fake {
        Fake::new()
            .file("/sys/bus/event_source/devices/cpu/type", "4\n")
            .file("/sys/bus/event_source/devices/software/type", "1\n")
            .file(PARANOID_FILE, "0\n")
            .file(KPTR_RESTRICT_FILE, "0\n")
            .program("perf", "perf version 7.3.4")
            .by_user()
    }

    fn findings(fake: &Fake) -> Vec<Finding> {
        examine(&fake.system())
    }

    #[test]
    fn machine_that_can_profile_has_no_findings() {
        let good = findings(&good());
        expect(&good, PMU, Ok, &["cpu"]);
        expect(&good, PARANOID, Ok, &["0"]);
        expect(&good, KPTR_RESTRICT, Ok, &["0"]);
        expect(&good, PERF, Ok, &["7.3.4"]);
    }

    #[test]
    fn counters_may_be_absent() {
        let none = good().without("/sys/bus/event_source/devices/cpu");
        // `cpus` is not a PMU of CPUs.
        let none = none.file("/sys/bus/event_source/devices/cpus/type", "9");
        expect(&findings(&none), PMU, Warn, &["cpu-clock"]);
        let nothing = good().without("/sys");
        expect(&findings(&nothing), PMU, Unknown, &["CONFIG_PERF_EVENTS"]);
        let hybrid = none
            .file("/sys/bus/event_source/devices/cpu_core/type", "4")
            .file("/sys/bus/event_source/devices/cpu_atom/type", "10");
        expect(&findings(&hybrid), PMU, Ok, &["cpu_atom, cpu_core"]);
    }

    #[test]
    fn users_who_may_profile_are_named() {
        for (level, status) in [
            ("-1", Ok),
            ("0", Ok),
            ("1", Warn),
            ("2", Warn),
            ("4", Warn),
            ("x", Unknown),
        ] {
            let fake = good().file(PARANOID_FILE, level);
            expect(&findings(&fake), PARANOID, status, &[level]);
        }
        let root = Fake::new().file(PARANOID_FILE, "4\n");
        expect(&findings(&root), PARANOID, Ok, &["root"]);
        let none = good().without(PARANOID_FILE);
        expect(&findings(&none), PARANOID, Warn, &["CONFIG_PERF_EVENTS"]);
    }

    #[test]
    fn whether_functions_have_names_is_told() {
        for (level, status, of_root) in [
            ("0", Ok, Ok),
            ("1", Warn, Ok),
            ("2", Warn, Warn),
            ("x", Unknown, Unknown),
        ] {
            let fake = good().file(KPTR_RESTRICT_FILE, level);
            expect(&findings(&fake), KPTR_RESTRICT, status, &[level]);
            let root = Fake::new().file(KPTR_RESTRICT_FILE, level);
            expect(&findings(&root), KPTR_RESTRICT, of_root, &[level]);
        }
        let none = good().without("/proc");
        expect(&findings(&none), KPTR_RESTRICT, Unknown, &["mount"]);
    }

    #[test]
    fn perf_is_looked_for() {
        expect(&findings(&Fake::new()), PERF, Warn, &["linux-perf"]);
    }
}
