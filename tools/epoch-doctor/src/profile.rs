//! Whether the kernel can be profiled under load.

use std::path::Path;

use super::finding::Finding;
use super::system::System;

const PMU: &str = "PMU";
const PARANOID: &str = "perf_event_paranoid";
const PERF: &str = "perf";

const DEVICES: &str = "/sys/bus/event_source/devices";
const PARANOID_FILE: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Looks at the performance counters and at who may use them.
pub fn examine(system: &System) -> Vec<Finding> {
    vec![pmu(system), paranoid(system), perf(system)]
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
    // cpu, or cpu_core and cpu_atom; Arm's have the name of the core.
    let pmus: Vec<_> = devices
        .into_iter()
        .filter(|name| name == "cpu" || name.starts_with("cpu_") || name.starts_with("armv"))
        .collect();
    if pmus.is_empty() {
        return Finding::warn(
            PMU,
            "none, so that cycles, cache misses and the like cannot be counted",
            "sample by time ('perf record -e cpu-clock'), or have the hypervisor pass the PMU on \
             (QEMU: '-cpu host,pmu=on')",
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
        Ok(level) if level <= 1 => Finding::ok(PARANOID, format!("{level}: the kernel, too")),
        Ok(level) if system.host().is_root() => {
            Finding::ok(PARANOID, format!("{level}, which does not restrict root"))
        }
        Ok(level) => Finding::warn(
            PARANOID,
            format!("{level}: only root profiles the kernel"),
            "run 'sysctl kernel.perf_event_paranoid=1', or profile as root",
        ),
        Err(_) => Finding::unknown(
            PARANOID,
            format!("{PARANOID_FILE} says '{level}'"),
            "run 'sysctl kernel.perf_event_paranoid=1'",
        ),
    }
}

fn perf(system: &System) -> Finding {
    match system.host().version(PERF) {
        Some(version) => Finding::ok(PERF, version),
        None => Finding::warn(
            PERF,
            "does not run",
            "install the one of this kernel (Debian: 'apt-get install linux-perf')",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, expect};
    use crate::finding::Status::{Ok, Unknown, Warn};

    fn good() -> Fake {
        Fake::new()
            .file("/sys/bus/event_source/devices/cpu/type", "4\n")
            .file("/sys/bus/event_source/devices/software/type", "1\n")
            .file(PARANOID_FILE, "1\n")
            .program("perf", "perf version 7.3.4")
            .by_user()
    }

    fn findings(fake: &Fake) -> Vec<Finding> {
        examine(&fake.system())
    }

    #[test]
    fn a_good_machine_is_fine() {
        let good = findings(&good());
        expect(&good, PMU, Ok, &["cpu"]);
        expect(&good, PARANOID, Ok, &["1"]);
        expect(&good, PERF, Ok, &["7.3.4"]);
    }

    #[test]
    fn counters_may_be_absent() {
        let none = good().without("/sys/bus/event_source/devices/cpu");
        // This is no PMU of CPUs.
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
    fn who_may_profile_is_told() {
        for (level, status) in [
            ("-1", Ok),
            ("1", Ok),
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
    fn perf_is_looked_for() {
        expect(&findings(&Fake::new()), PERF, Warn, &["linux-perf"]);
    }
}
