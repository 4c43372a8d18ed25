// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether all CPUs are always equally fast.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use host::hypervisor::Machine;

use super::finding::Finding;
use super::system::System;

const GOVERNOR: &str = "frequency scaling";
const TURBO: &str = "turbo";
const SMT: &str = "SMT";

const CPUFREQ: &str = "/sys/devices/system/cpu/cpufreq";
const BOOST: &str = "/sys/devices/system/cpu/cpufreq/boost";
const NO_TURBO: &str = "/sys/devices/system/cpu/intel_pstate/no_turbo";
const SMT_DIR: &str = "/sys/devices/system/cpu/smt";

const HIDDEN: &str = "check on the host: a hypervisor hides this";

/// Examines frequencies and threads that share a core.
pub fn examine(system: &System, machine: &Machine) -> Vec<Finding> {
    vec![governor(system), turbo(system), smt(system, machine)]
}

fn governor(system: &System) -> Finding {
    let governors = match of_policies(system, "scaling_governor") {
        Err(error) => return Finding::unreadable(GOVERNOR, Path::new(CPUFREQ), &error),
        Ok(governors) => governors,
    };
    if governors.is_empty() {
        return Finding::unknown(
            GOVERNOR,
            "not controlled by this kernel (no cpufreq policy)",
            HIDDEN,
        );
    }
    let shown = governors.iter().cloned().collect::<Vec<_>>().join(", ");
    if governors.iter().all(|governor| governor == "performance") {
        return Finding::ok(GOVERNOR, format!("governor {shown}"));
    }
    Finding::warn(
        GOVERNOR,
        format!("governor {shown}: the first samples may be slower"),
        "run 'cpupower frequency-set -g performance'",
    )
}

/// Returns the values of an attribute in all CPUs' policies.
fn of_policies(system: &System, attribute: &str) -> io::Result<BTreeSet<String>> {
    let names = system.list(CPUFREQ)?.unwrap_or_default();
    let policies = names.iter().filter(|name| name.starts_with("policy"));
    let values = policies.map(|policy| system.read(format!("{CPUFREQ}/{policy}/{attribute}")));
    values.filter_map(Result::transpose).collect()
}

fn turbo(system: &System) -> Finding {
    // Intel's driver, others, and others since Linux 6.11.
    let on = system.read(NO_TURBO).and_then(|no_turbo| match no_turbo {
        Some(no_turbo) => Ok(Some((no_turbo == "0", format!("echo 1 >{NO_TURBO}")))),
        None => match system.read(BOOST)? {
            Some(boost) => Ok(Some((boost != "0", format!("echo 0 >{BOOST}")))),
            None => {
                let boosts = of_policies(system, "boost")?;
                let fix = format!("for boost in {CPUFREQ}/policy*/boost; do echo 0 >$boost; done");
                Ok((!boosts.is_empty()).then(|| (boosts.iter().any(|boost| boost != "0"), fix)))
            }
        },
    });
    match on {
        Err(error) => Finding::unreadable(TURBO, Path::new(CPUFREQ), &error),
        Ok(None) => Finding::unknown(TURBO, "this kernel has no switch for it", HIDDEN),
        Ok(Some((false, _))) => Finding::ok(TURBO, "off"),
        Ok(Some((true, fix))) => Finding::warn(
            TURBO,
            "on: few CPUs are faster than many, and cold ones than hot ones",
            format!("run '{fix}'"),
        ),
    }
}

fn smt(system: &System, machine: &Machine) -> Finding {
    let read = |name| system.read(format!("{SMT_DIR}/{name}"));
    let (active, control) = match read("active").and_then(|active| Ok((active, read("control")?))) {
        Err(error) => return Finding::unreadable(SMT, Path::new(SMT_DIR), &error),
        Ok(values) => values,
    };
    let control = control.unwrap_or_default();
    match active.as_deref() {
        Some("0") if *machine != Machine::BareMetal => Finding::unknown(
            SMT,
            format!("off here ({control}), which says nothing about the real CPUs"),
            HIDDEN,
        ),
        Some("0") => Finding::ok(SMT, format!("off ({control})")),
        Some("1") => Finding::warn(
            SMT,
            "on: with more tasks than cores, two share one",
            format!("run 'echo off >{SMT_DIR}/control', or take no more --tasks than cores"),
        ),
        _ => Finding::unknown(
            SMT,
            format!("{SMT_DIR}/active does not report it"),
            "see what 'lscpu' says of threads per core",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Ok, Unknown, Warn};

    fn findings(fake: &Fake) -> Vec<Finding> {
        examine(&fake.system(), &Machine::BareMetal)
    }

    fn policies(governors: [&str; 2]) -> Fake {
        let file = |policy| format!("{CPUFREQ}/policy{policy}/scaling_governor");
        Fake::new()
            .file(&file(0), governors[0])
            .file(&file(1), governors[1])
    }

    #[test]
    fn all_governors_count() {
        let fast = policies(["performance\n"; 2]);
        expect(&findings(&fast), GOVERNOR, Ok, &["performance"]);
        let mixed = policies(["performance\n", "schedutil\n"]);
        expect(
            &findings(&mixed),
            GOVERNOR,
            Warn,
            &["schedutil", "cpupower"],
        );
        let none = Fake::new().file(&format!("{CPUFREQ}/x"), "");
        expect(&findings(&none), GOVERNOR, Unknown, &[]);
        expect(&findings(&Fake::new()), GOVERNOR, Unknown, &[]);
        let odd = policies(["performance\n"; 2]);
        let odd = odd.unreadable(&format!("{CPUFREQ}/policy2/scaling_governor"));
        expect(&findings(&odd), GOVERNOR, Unknown, &[]);
    }

    #[test]
    fn turbo_has_three_switches() {
        let policy = format!("{CPUFREQ}/policy0/boost");
        for (file, on, off) in [
            (NO_TURBO, "0", "1"),
            (BOOST, "1", "0"),
            (&*policy, "1", "0"),
        ] {
            let with = |value| findings(&Fake::new().file(file, value));
            expect(&with(on), TURBO, Warn, &["echo"]);
            expect(&with(off), TURBO, Ok, &["off"]);
        }
        expect(&findings(&Fake::new()), TURBO, Unknown, &[]);
        expect(
            &findings(&Fake::new().unreadable(BOOST)),
            TURBO,
            Unknown,
            &[],
        );
    }

    #[test]
    fn threads_of_a_core_are_told() {
        let with = |active, control| {
            let file = |name| format!("{SMT_DIR}/{name}");
            let fake = Fake::new().file(&file("active"), active);
            findings(&fake.file(&file("control"), control))
        };
        expect(&with("1\n", "on\n"), SMT, Warn, &["echo off"]);
        expect(&with("0\n", "forceoff\n"), SMT, Ok, &["forceoff"]);
        expect(&with("0\n", "notsupported\n"), SMT, Ok, &["notsupported"]);
        expect(&findings(&Fake::new()), SMT, Unknown, &["lscpu"]);
    }

    #[test]
    fn a_virtual_machine_knows_nothing_of_real_threads() {
        let with = |active| {
            let fake = Fake::new().file(&format!("{SMT_DIR}/active"), active);
            examine(&fake.system(), &Machine::Virtual("KVM".into()))
        };
        expect(&with("0\n"), SMT, Unknown, &["real CPUs"]);
        expect(&with("1\n"), SMT, Warn, &["echo off"]);
    }
}
