// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether kernel functions can be hooked.

use std::path::Path;

use epoch_device::sysfs::CLASS_DIR;

use super::config::{self, Config};
use super::finding::Finding;
use super::load;
use super::system::System;

const KPROBES: &str = "kretprobes";
const FPROBE: &str = "fprobe";
const SYSCALL: &str = "syscall tracepoints";
const SYMBOLS: &str = "functions";

/// First release whose tracepoints of system calls may sleep.
const SLEEPING: (u32, u32) = (6, 13);

/// Examines the mechanisms, any of which is enough for trackers that do not sleep, and the
/// functions that can be hooked.
pub fn examine(system: &System, config: Option<&Config>) -> Vec<Finding> {
    let Some(config) = config else {
        let unknown = |subject| Finding::unknown(subject, config::NOT_FOUND, config::HOW_TO_FIND);
        let mut findings = [KPROBES, FPROBE, SYSCALL].map(unknown).to_vec();
        findings.push(symbols(system));
        return findings;
    };
    let kretprobes = config.has("CONFIG_KPROBES") && config.has("CONFIG_KRETPROBES");
    let fprobe = config.has("CONFIG_FPROBE");
    let syscall = syscall(config, system.release().as_deref());
    // In order of preference.
    let here = [
        ("fprobe", fprobe),
        ("kretprobe", kretprobes),
        ("syscall", matches!(syscall, Syscall::Here(_))),
    ];
    let other = here.iter().find(|(_, here)| *here).map(|(name, _)| *name);
    vec![
        probe(KPROBES, kretprobes, "CONFIG_KPROBES", other),
        probe(FPROBE, fprobe, "CONFIG_FPROBE", other),
        syscall.finding(other.is_some()),
        symbols(system),
    ]
}

/// Checks a probe; `other` is a mechanism that is available.
fn probe(subject: &'static str, here: bool, option: &str, other: Option<&str>) -> Finding {
    match other {
        _ if here => Finding::ok(subject, format!("{option} is set")),
        Some(other) => Finding::warn(
            subject,
            format!("{option} is not set"),
            format!("hook with '--mechanism {other}', or take a kernel with {option}=y"),
        ),
        None => Finding::missing(
            subject,
            format!("{option} is not set: without any mechanism nothing can be hooked"),
            format!("take a kernel with {option}=y, or the guest that 'make vm' brings"),
        ),
    }
}

/// Availability of tracepoints of system calls that may sleep.
enum Syscall {
    /// Available in this release.
    Here(String),
    /// Not configured.
    Off(&'static str),
    /// Not available in this release.
    TooOld(String),
    /// Unknown, since the release is.
    Unknown,
}

fn syscall(config: &Config, release: Option<&str>) -> Syscall {
    let options = ["CONFIG_HAVE_SYSCALL_TRACEPOINTS", "CONFIG_TRACEPOINTS"];
    if let Some(option) = options.into_iter().find(|option| !config.has(option)) {
        return Syscall::Off(option);
    }
    let numbered = release.and_then(|release| Some((release, numbers(release)?)));
    match numbered {
        None => Syscall::Unknown,
        Some((release, number)) if number < SLEEPING => Syscall::TooOld(release.into()),
        Some((release, _)) => Syscall::Here(release.into()),
    }
}

/// Returns the first two numbers of a release.
fn numbers(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

impl Syscall {
    /// Returns the finding; `other` is true if a probe is available.
    fn finding(self, other: bool) -> Finding {
        let (why, take) = match self {
            Self::Here(release) => {
                return Finding::ok(SYSCALL, format!("they may sleep in Linux {release}"));
            }
            Self::Unknown => {
                return Finding::unknown(
                    SYSCALL,
                    "the kernel's release is not known; before 6.13 they may not sleep",
                    "see 'uname -r'",
                );
            }
            Self::Off(option) => (
                format!("{option} is not set"),
                format!("take a kernel with {option}=y"),
            ),
            Self::TooOld(release) => (
                format!("they may not sleep in Linux {release}"),
                "take Linux 6.13 or later".into(),
            ),
        };
        if other {
            Finding::warn(
                SYSCALL,
                format!("{why}: trackers that sleep, such as mutex, cannot be hooked"),
                format!("hook other trackers, or {take}"),
            )
        } else {
            Finding::missing(
                SYSCALL,
                format!("{why}: without any mechanism nothing can be hooked"),
                take,
            )
        }
    }
}

fn symbols(system: &System) -> Finding {
    if !load::is_loaded(system) {
        return Finding::unknown(
            SYMBOLS,
            "the module lists the functions that can be hooked, and is not loaded",
            "run 'insmod epoch.ko; insmod epoch_bench.ko', and doctor again",
        );
    }
    let path = format!("{CLASS_DIR}/hook/available_symbols");
    match system.read(&path) {
        Err(error) => Finding::unreadable(SYMBOLS, Path::new(&path), &error),
        Ok(None) => Finding::missing(
            SYMBOLS,
            format!("there is no {path}"),
            "load the module of this source",
        ),
        Ok(Some(names)) if names.is_empty() => Finding::missing(
            SYMBOLS,
            "no function that serves munmap can be hooked by a probe",
            "hook with '--mechanism syscall', name another with 'epoch-bench hook --symbol', or \
             see 'dmesg'",
        ),
        Ok(Some(names)) => Finding::ok(SYMBOLS, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Missing, Ok, Unknown, Warn};

    const AVAILABLE: &str = "/sys/class/misc/epoch_bench/hook/available_symbols";
    const ALL: &str = "CONFIG_KPROBES=y\nCONFIG_KRETPROBES=y\nCONFIG_FPROBE=y\n\
                       CONFIG_HAVE_SYSCALL_TRACEPOINTS=y\nCONFIG_TRACEPOINTS=y\n";

    fn with(config: &str) -> Fake {
        Fake::new()
            .file("/boot/config-7.3", config)
            .file(AVAILABLE, "__vm_munmap do_vmi_munmap\n")
    }

    fn findings(fake: &Fake) -> Vec<Finding> {
        let system = fake.system();
        examine(&system, Config::running(&system).as_ref())
    }

    #[test]
    fn all_mechanisms_are_looked_for() {
        let all = findings(&with(ALL));
        expect(&all, KPROBES, Ok, &["CONFIG_KPROBES"]);
        expect(&all, FPROBE, Ok, &["CONFIG_FPROBE"]);
        expect(&all, SYSCALL, Ok, &["Linux 7.3"]);
        expect(&all, SYMBOLS, Ok, &["__vm_munmap do_vmi_munmap"]);
    }

    #[test]
    fn one_mechanism_is_enough() {
        let fprobe = findings(&with("CONFIG_FPROBE=y\n"));
        expect(&fprobe, KPROBES, Warn, &["--mechanism fprobe"]);
        expect(&fprobe, FPROBE, Ok, &[]);
        expect(&fprobe, SYSCALL, Warn, &["such as mutex"]);
        let kretprobe = findings(&with("CONFIG_KPROBES=y\nCONFIG_KRETPROBES=y\n"));
        expect(&kretprobe, FPROBE, Warn, &["--mechanism kretprobe"]);
        let syscall = findings(&with(
            "CONFIG_HAVE_SYSCALL_TRACEPOINTS=y\nCONFIG_TRACEPOINTS=y\n",
        ));
        expect(&syscall, KPROBES, Warn, &["--mechanism syscall"]);
        expect(&syscall, FPROBE, Warn, &["--mechanism syscall"]);
        expect(&syscall, SYSCALL, Ok, &[]);
        let none = findings(&with("CONFIG_KPROBES=y\n"));
        expect(&none, KPROBES, Missing, &["CONFIG_KPROBES=y"]);
        expect(&none, FPROBE, Missing, &["CONFIG_FPROBE=y"]);
        let option = "CONFIG_HAVE_SYSCALL_TRACEPOINTS=y";
        expect(&none, SYSCALL, Missing, &[option]);
    }

    #[test]
    fn trackers_that_sleep_take_tracepoints_that_may() {
        let release = |release: &str| {
            let text = format!("{release}\n");
            let fake = with(ALL).file(&format!("/boot/config-{release}"), ALL);
            findings(&fake.file("/proc/sys/kernel/osrelease", text))
        };
        for old in ["6.1.0-42-amd64", "6.12.9", "5.15"] {
            let linux = format!("Linux {old}");
            let words = [&*linux, "such as mutex", "6.13 or later"];
            expect(&release(old), SYSCALL, Warn, &words);
        }
        for new in ["6.13.0-rc1", "6.13", "7.0-rc3", "7.3.4+deb13-cloud-amd64"] {
            expect(&release(new), SYSCALL, Ok, &[new]);
        }
        expect(&release("custom"), SYSCALL, Unknown, &["uname -r"]);
        for missing in ["CONFIG_HAVE_SYSCALL_TRACEPOINTS", "CONFIG_TRACEPOINTS"] {
            let config = ALL.replace(&format!("\n{missing}=y"), "");
            let off = format!("{missing} is not set");
            expect(&findings(&with(&config)), SYSCALL, Warn, &[&off]);
        }
    }

    #[test]
    fn without_the_configuration_they_are_unknown() {
        let unknown = findings(&with(ALL).without("/boot"));
        expect(&unknown, KPROBES, Unknown, &["config.gz"]);
        expect(&unknown, FPROBE, Unknown, &["config.gz"]);
        expect(&unknown, SYSCALL, Unknown, &["config.gz"]);
    }

    #[test]
    fn functions_are_the_modules_to_tell() {
        let unloaded = with(ALL).without(CLASS_DIR);
        expect(&findings(&unloaded), SYMBOLS, Unknown, &["insmod"]);
        let none = with(ALL).file(AVAILABLE, "\n");
        expect(&findings(&none), SYMBOLS, Missing, &["--symbol"]);
        let old = with(ALL).without("/sys/class/misc/epoch_bench/hook");
        expect(&findings(&old), SYMBOLS, Missing, &["of this source"]);
        let unreadable = with(ALL).without(AVAILABLE).unreadable(AVAILABLE);
        expect(
            &findings(&unreadable),
            SYMBOLS,
            Unknown,
            &["available_symbols"],
        );
    }
}
