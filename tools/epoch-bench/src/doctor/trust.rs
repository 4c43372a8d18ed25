// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks for a hypervisor and a slow clock between the measurement and the machine.

use std::path::Path;

use host::hypervisor::Machine;

use super::finding::Finding;
use super::system::System;
use super::{noise, speed};

const MACHINE: &str = "virtualisation";
const CLOCK: &str = "clocksource";

const CLOCK_DIR: &str = "/sys/devices/system/clocksource/clocksource0";

/// Examines everything that makes measurements differ from one run to the next. Takes a second.
pub fn examine(system: &System) -> Vec<Finding> {
    let machine = machine(system);
    let mut findings = vec![virtualisation(&machine)];
    findings.extend(speed::examine(system, &machine));
    findings.extend(noise::examine(system, &machine));
    findings.push(clock(system));
    findings
}

fn machine(system: &System) -> Machine {
    let cpuinfo = system.read("/proc/cpuinfo").ok().flatten();
    let signature = || system.host().hypervisor_signature();
    Machine::identify(&cpuinfo.unwrap_or_default(), signature)
}

fn virtualisation(machine: &Machine) -> Finding {
    match machine {
        Machine::BareMetal => Finding::ok(MACHINE, "none: bare metal"),
        Machine::Virtual(name) => Finding::warn(
            MACHINE,
            name,
            "measure on bare metal, or compare only what ran side by side: a virtual CPU may lose \
             its real one while it holds a lock",
        ),
        Machine::Unknown => Finding::unknown(
            MACHINE,
            "this processor does not report it",
            "see what 'systemd-detect-virt' says",
        ),
    }
}

fn clock(system: &System) -> Finding {
    let path = format!("{CLOCK_DIR}/current_clocksource");
    let current = match system.read(&path) {
        Err(error) => return Finding::unreadable(CLOCK, Path::new(&path), &error),
        Ok(None) => {
            return Finding::unknown(
                CLOCK,
                format!("there is no {path}"),
                "run 'mount -t sysfs sysfs /sys'",
            );
        }
        Ok(Some(current)) => current,
    };
    match current.as_str() {
        // Read by the CPU alone, without a device.
        "tsc" | "kvm-clock" | "hyperv_clocksource_tsc_page" | "arch_sys_counter" => {
            Finding::ok(CLOCK, current)
        }
        slow @ ("hpet" | "acpi_pm" | "jiffies" | "refined-jiffies") => {
            let others = system.read(format!("{CLOCK_DIR}/available_clocksource"));
            let others = others.ok().flatten().unwrap_or_default();
            let fix = if others.split_whitespace().any(|name| name == "tsc") {
                format!("run 'echo tsc >{path}'")
            } else {
                "see why the kernel abandoned the TSC ('dmesg | grep -i tsc'), and boot with \
                 tsc=reliable if it is"
                    .to_owned()
            };
            Finding::warn(
                CLOCK,
                format!("{slow}, which is slow to read, or coarse"),
                fix,
            )
        }
        other => Finding::unknown(
            CLOCK,
            format!("{other}; how long it takes to read is unknown"),
            "take tsc if /sys/devices/system/clocksource has it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Ok, Unknown, Warn};

    fn findings(fake: &Fake) -> Vec<Finding> {
        examine(&fake.system())
    }

    #[test]
    fn hypervisors_are_told() {
        let metal = Fake::new().file("/proc/cpuinfo", "flags\t: fpu\n");
        expect(&findings(&metal), MACHINE, Ok, &["bare metal"]);
        let kvm = Fake::new().hypervisor("KVMKVMKVM");
        expect(&findings(&kvm), MACHINE, Warn, &["KVM", "bare metal"]);
        let arm = Fake::new().file("/proc/cpuinfo", "Features\t: fp\n");
        expect(&findings(&arm), MACHINE, Unknown, &["systemd-detect-virt"]);
        expect(&findings(&Fake::new()), MACHINE, Unknown, &[]);
    }

    #[test]
    fn slow_clocks_are_told() {
        let with = |current: &str, available: &str| {
            Fake::new()
                .file(&format!("{CLOCK_DIR}/current_clocksource"), current)
                .file(&format!("{CLOCK_DIR}/available_clocksource"), available)
        };
        expect(&findings(&with("tsc\n", "tsc hpet\n")), CLOCK, Ok, &["tsc"]);
        expect(
            &findings(&with("hpet\n", "tsc hpet\n")),
            CLOCK,
            Warn,
            &["hpet", "echo tsc >/sys"],
        );
        expect(
            &findings(&with("acpi_pm\n", "acpi_pm\n")),
            CLOCK,
            Warn,
            &["tsc=reliable"],
        );
        expect(&findings(&with("new\n", "new\n")), CLOCK, Unknown, &["new"]);
        expect(&findings(&Fake::new()), CLOCK, Unknown, &["sysfs"]);
    }
}
