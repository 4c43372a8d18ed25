//! Whether kernel functions can be hooked.

use std::path::Path;

use epoch_device::sysfs::CLASS_DIR;

use super::config::{self, Config};
use super::finding::Finding;
use super::load;
use super::system::System;

const KPROBES: &str = "kretprobes";
const FPROBE: &str = "fprobe";
const SYMBOLS: &str = "functions";

/// Looks at the mechanisms, either of which is enough, and at what can be
/// hooked.
pub fn examine(system: &System, config: Option<&Config>) -> Vec<Finding> {
    let mut findings = match config {
        None => [KPROBES, FPROBE]
            .map(|subject| Finding::unknown(subject, config::NOT_FOUND, config::HOW_TO_FIND))
            .to_vec(),
        Some(config) => {
            let kretprobes = config.has("CONFIG_KPROBES") && config.has("CONFIG_KRETPROBES");
            let fprobe = config.has("CONFIG_FPROBE");
            vec![
                mechanism(KPROBES, kretprobes, fprobe, "CONFIG_KPROBES", "fprobe"),
                mechanism(FPROBE, fprobe, kretprobes, "CONFIG_FPROBE", "kretprobe"),
            ]
        }
    };
    findings.push(symbols(system));
    findings
}

fn mechanism(
    subject: &'static str,
    here: bool,
    other_here: bool,
    option: &str,
    other: &str,
) -> Finding {
    if here {
        Finding::ok(subject, format!("{option} is set"))
    } else if other_here {
        Finding::warn(
            subject,
            format!("{option} is not set"),
            format!("hook with '--mechanism {other}', or take a kernel with {option}=y"),
        )
    } else {
        Finding::missing(
            subject,
            format!("{option} is not set: without either mechanism nothing can be hooked"),
            format!("take a kernel with {option}=y, or the guest that 'make vm' brings"),
        )
    }
}

fn symbols(system: &System) -> Finding {
    if !load::is_loaded(system) {
        return Finding::unknown(
            SYMBOLS,
            "the module tells which can be hooked, and is not loaded",
            "run 'insmod epoch.ko; insmod epoch_bench.ko', and this again",
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
            "none that serves munmap can be hooked",
            "name another with 'epoch-bench hook --symbol', or see 'dmesg'",
        ),
        Ok(Some(names)) => Finding::ok(SYMBOLS, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, expect};
    use crate::finding::Status::{Missing, Ok, Unknown, Warn};

    const AVAILABLE: &str = "/sys/class/misc/epoch_bench/hook/available_symbols";
    const BOTH: &str = "CONFIG_KPROBES=y\nCONFIG_KRETPROBES=y\nCONFIG_FPROBE=y\n";

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
    fn both_mechanisms_are_looked_for() {
        let both = findings(&with(BOTH));
        expect(&both, KPROBES, Ok, &["CONFIG_KPROBES"]);
        expect(&both, FPROBE, Ok, &["CONFIG_FPROBE"]);
        expect(&both, SYMBOLS, Ok, &["__vm_munmap do_vmi_munmap"]);
    }

    #[test]
    fn one_mechanism_is_enough() {
        let fprobe = findings(&with("CONFIG_FPROBE=y\n"));
        expect(&fprobe, KPROBES, Warn, &["--mechanism fprobe"]);
        expect(&fprobe, FPROBE, Ok, &[]);
        let kretprobe = findings(&with("CONFIG_KPROBES=y\nCONFIG_KRETPROBES=y\n"));
        expect(&kretprobe, FPROBE, Warn, &["--mechanism kretprobe"]);
        let neither = findings(&with("CONFIG_KPROBES=y\n"));
        expect(&neither, KPROBES, Missing, &["CONFIG_KPROBES=y"]);
        expect(&neither, FPROBE, Missing, &["CONFIG_FPROBE=y"]);
    }

    #[test]
    fn without_the_configuration_they_are_unknown() {
        let unknown = findings(&with(BOTH).without("/boot"));
        expect(&unknown, KPROBES, Unknown, &["config.gz"]);
        expect(&unknown, FPROBE, Unknown, &["config.gz"]);
    }

    #[test]
    fn functions_are_the_modules_to_tell() {
        let unloaded = with(BOTH).without(CLASS_DIR);
        expect(&findings(&unloaded), SYMBOLS, Unknown, &["insmod"]);
        let none = with(BOTH).file(AVAILABLE, "\n");
        expect(&findings(&none), SYMBOLS, Missing, &["--symbol"]);
        let old = with(BOTH).without("/sys/class/misc/epoch_bench/hook");
        expect(&findings(&old), SYMBOLS, Missing, &["of this source"]);
        let unreadable = with(BOTH).without(AVAILABLE).unreadable(AVAILABLE);
        expect(
            &findings(&unreadable),
            SYMBOLS,
            Unknown,
            &["available_symbols"],
        );
    }
}
