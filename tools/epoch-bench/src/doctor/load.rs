// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether the kernel loads the modules.

use std::path::Path;

use epoch_device::sysfs::CLASS_DIR;

use super::config::{self, Config};
use super::finding::Finding;
use super::system::System;

const SUPPORT: &str = "loadable modules";
const MODULE: &str = "epoch_bench";
const SIGNATURES: &str = "signatures";
const LOCKDOWN: &str = "lockdown";
const SECURE_BOOT: &str = "secure boot";
const ROOT: &str = "root";

const MODULES_DISABLED: &str = "/proc/sys/kernel/modules_disabled";
const SIG_ENFORCE: &str = "/sys/module/module/parameters/sig_enforce";
const SECURITY: &str = "/sys/kernel/security";
const LOCKDOWN_FILE: &str = "/sys/kernel/security/lockdown";
const EFI: &str = "/sys/firmware/efi";
/// Name of the variable, with the GUID of EFI's global variables.
const SECURE_BOOT_VARIABLE: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Key that DKMS signs modules with.
const DKMS_KEY: &str = "/var/lib/dkms/mok.pub";

const SIGN: &str = "sign the modules with a key that the kernel trusts ('scripts/sign-file sha256 \
                    KEY CERTIFICATE epoch.ko' in the kernel tree; 'mokutil --import CERTIFICATE')";

/// Returns whether the module is loaded.
pub fn is_loaded(system: &System) -> bool {
    system.exists(CLASS_DIR).unwrap_or(false)
}

/// Returns whether `modprobe` finds the module.
pub fn is_installed(system: &System) -> bool {
    let Some(release) = system.release() else {
        return false;
    };
    let modules = system.read(format!("/lib/modules/{release}/modules.dep"));
    modules.ok().flatten().is_some_and(|modules| {
        let mut names = modules.lines().filter_map(|line| line.split(':').next());
        names.any(|name| name.contains("/epoch_bench.ko"))
    })
}

/// Returns how to get modules with a signature that the kernel accepts.
fn sign(system: &System) -> String {
    if is_installed(system) && system.exists(DKMS_KEY).unwrap_or(false) {
        return format!(
            "enrol the key that DKMS has signed the modules with: 'mokutil --import {DKMS_KEY}', \
             and reboot"
        );
    }
    SIGN.into()
}

/// Examines everything that may prevent loading.
pub fn examine(system: &System, config: Option<&Config>) -> Vec<Finding> {
    let loaded = is_loaded(system);
    vec![
        support(system),
        module(system, loaded),
        signatures(system, config, loaded),
        lockdown(system, config, loaded),
        secure_boot(system, loaded),
        root(system),
    ]
}

fn support(system: &System) -> Finding {
    match system.exists("/proc/modules") {
        Err(error) => return Finding::unreadable(SUPPORT, Path::new("/proc/modules"), &error),
        // Without a release, /proc is not mounted.
        Ok(false) if system.release().is_none() => {
            return Finding::unknown(
                SUPPORT,
                "/proc is not mounted",
                "run 'mount -t proc proc /proc'",
            );
        }
        Ok(false) => {
            return Finding::missing(
                SUPPORT,
                "the kernel is built without CONFIG_MODULES",
                "boot one with CONFIG_MODULES=y, or take the guest that 'make vm' brings",
            );
        }
        Ok(true) => {}
    }
    match system.read(MODULES_DISABLED) {
        Err(error) => Finding::unreadable(SUPPORT, Path::new(MODULES_DISABLED), &error),
        Ok(Some(value)) if value != "0" => Finding::missing(
            SUPPORT,
            "loading was disabled since boot, by kernel.modules_disabled",
            "reboot, without whatever sets it ('grep -r modules_disabled /etc/sysctl*')",
        ),
        Ok(_) => Finding::ok(SUPPORT, "supported"),
    }
}

fn module(system: &System, loaded: bool) -> Finding {
    if !loaded {
        return if is_installed(system) {
            Finding::warn(MODULE, "not loaded", "run 'modprobe epoch_bench'")
        } else {
            Finding::warn(
                MODULE,
                "not loaded",
                "run 'insmod epoch.ko; insmod epoch_bench.ko'",
            )
        };
    }
    match system.read(format!("{CLASS_DIR}/tracker")) {
        Ok(Some(tracker)) => Finding::ok(MODULE, format!("loaded, tracker {tracker}")),
        _ => Finding::ok(MODULE, "loaded"),
    }
}

fn signatures(system: &System, config: Option<&Config>, loaded: bool) -> Finding {
    let enforced = match system.read(SIG_ENFORCE) {
        Err(error) => return Finding::unreadable(SIGNATURES, Path::new(SIG_ENFORCE), &error),
        Ok(Some(value)) => Some(value == "Y"),
        // Kernels that check no signatures have no such file.
        Ok(None) => config.map(|config| config.has("CONFIG_MODULE_SIG_FORCE")),
    };
    match enforced {
        None => Finding::unknown(SIGNATURES, config::NOT_FOUND, config::HOW_TO_FIND),
        Some(false) => Finding::ok(SIGNATURES, "not needed"),
        Some(true) if loaded => Finding::ok(SIGNATURES, "needed, and the modules are loaded"),
        Some(true) => Finding::missing(
            SIGNATURES,
            "needed: by CONFIG_MODULE_SIG_FORCE, or module.sig_enforce on the kernel's command \
             line",
            sign(system),
        ),
    }
}

fn lockdown(system: &System, config: Option<&Config>, loaded: bool) -> Finding {
    let text = match system.read(LOCKDOWN_FILE) {
        Err(error) => return Finding::unreadable(LOCKDOWN, Path::new(LOCKDOWN_FILE), &error),
        Ok(text) => text,
    };
    // For example "none [integrity] confidentiality".
    let mode = text.as_deref().and_then(|text| {
        let (_, rest) = text.split_once('[')?;
        Some(rest.split_once(']')?.0)
    });
    match mode {
        Some("none") => Finding::ok(LOCKDOWN, "none"),
        Some(mode) if loaded => {
            Finding::ok(LOCKDOWN, format!("{mode}, and the modules are loaded"))
        }
        Some(mode) => Finding::missing(
            LOCKDOWN,
            format!("{mode}: modules without a signature are refused"),
            format!(
                "{}, or boot without secure boot and lockdown=",
                sign(system)
            ),
        ),
        None if is_compiled_out(system, config) => Finding::ok(LOCKDOWN, "not in this kernel"),
        None => Finding::unknown(
            LOCKDOWN,
            format!("there is no {LOCKDOWN_FILE}"),
            format!("run 'mount -t securityfs securityfs {SECURITY}'"),
        ),
    }
}

/// Returns whether the lockdown file is missing because there is no lockdown.
fn is_compiled_out(system: &System, config: Option<&Config>) -> bool {
    let lacks = |option| config.is_some_and(|config| !config.has(option));
    // Always present where securityfs is mounted.
    let mounted = system.exists(format!("{SECURITY}/lsm")).unwrap_or(false);
    mounted || lacks("CONFIG_SECURITY_LOCKDOWN_LSM")
}

fn secure_boot(system: &System, loaded: bool) -> Finding {
    match system.exists(EFI) {
        Err(error) => return Finding::unreadable(SECURE_BOOT, Path::new(EFI), &error),
        Ok(false) if system.exists("/sys/firmware").unwrap_or(false) => {
            return Finding::ok(SECURE_BOOT, "not booted by UEFI");
        }
        Ok(false) => {
            return Finding::unknown(
                SECURE_BOOT,
                "/sys is not mounted",
                "run 'mount -t sysfs sysfs /sys'",
            );
        }
        Ok(true) => {}
    }
    // Four bytes of attributes come before the value.
    let value = match system.read_bytes(SECURE_BOOT_VARIABLE) {
        Err(error) => {
            let path = Path::new(SECURE_BOOT_VARIABLE);
            return Finding::unreadable(SECURE_BOOT, path, &error);
        }
        Ok(bytes) => bytes.and_then(|bytes| bytes.get(4).copied()),
    };
    match value {
        Some(0) => Finding::ok(SECURE_BOOT, "off"),
        Some(_) if loaded => Finding::ok(SECURE_BOOT, "on, and the modules are loaded"),
        Some(_) => Finding::warn(
            SECURE_BOOT,
            "on: many distributions' kernels refuse modules without a signature then",
            format!(
                "{}, or switch it off ('mokutil --disable-validation', and reboot)",
                sign(system)
            ),
        ),
        None => Finding::unknown(
            SECURE_BOOT,
            "the firmware's variables are not there",
            "run 'mount -t efivarfs efivarfs /sys/firmware/efi/efivars'",
        ),
    }
}

fn root(system: &System) -> Finding {
    if system.host().is_root() {
        Finding::ok(ROOT, "yes")
    } else {
        Finding::missing(
            ROOT,
            "no: modules and /dev/epoch_bench are for root only",
            "run epoch-bench with sudo",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Missing, Ok, Unknown, Warn};

    fn good() -> Fake {
        Fake::new()
            .file("/proc/modules", "")
            .file(MODULES_DISABLED, "0\n")
            .file("/sys/class/misc/epoch_bench/tracker", "mutex\n")
            .file(SIG_ENFORCE, "N\n")
            .file(LOCKDOWN_FILE, "[none] integrity confidentiality\n")
            .file(SECURE_BOOT_VARIABLE, [6, 0, 0, 0, 0])
    }

    fn unloaded() -> Fake {
        good().without(CLASS_DIR)
    }

    fn findings(fake: &Fake) -> Vec<Finding> {
        let system = fake.system();
        examine(&system, Config::running(&system).as_ref())
    }

    #[test]
    fn machine_that_can_load_has_no_findings() {
        let good = findings(&good());
        assert_eq!(good.len(), 6);
        for finding in &good {
            assert_eq!(finding.status, Ok, "{finding:?}");
        }
        expect(&good, MODULE, Ok, &["tracker mutex"]);
    }

    #[test]
    fn a_kernel_may_load_no_modules() {
        let none = good().without("/proc/modules");
        expect(&findings(&none), SUPPORT, Missing, &["CONFIG_MODULES"]);
        let disabled = good().file(MODULES_DISABLED, "1\n");
        expect(&findings(&disabled), SUPPORT, Missing, &["reboot"]);
        let nothing = good().without("/proc");
        expect(&findings(&nothing), SUPPORT, Unknown, &["mount"]);
    }

    #[test]
    fn a_module_that_is_not_loaded_is_no_obstacle() {
        expect(
            &findings(&unloaded()),
            MODULE,
            Warn,
            &["insmod epoch_bench.ko"],
        );
    }

    #[test]
    fn an_installed_module_is_loaded_by_name() {
        let installed = unloaded().file("/proc/sys/kernel/osrelease", "7.3\n").file(
            "/lib/modules/7.3/modules.dep",
            "updates/dkms/epoch_bench.ko: updates/dkms/epoch.ko\n",
        );
        expect(
            &findings(&installed),
            MODULE,
            Warn,
            &["modprobe epoch_bench"],
        );
        let needed = installed.file(SIG_ENFORCE, "Y\n");
        expect(&findings(&needed), SIGNATURES, Missing, &["sign-file"]);
        let by_dkms = needed.file(DKMS_KEY, "");
        expect(
            &findings(&by_dkms),
            SIGNATURES,
            Missing,
            &["mokutil --import /var/lib/dkms"],
        );
    }

    #[test]
    fn signatures_may_be_needed() {
        let enforced = unloaded().file(SIG_ENFORCE, "Y\n");
        expect(&findings(&enforced), SIGNATURES, Missing, &["sign-file"]);
        let loaded = good().file(SIG_ENFORCE, "Y\n");
        expect(&findings(&loaded), SIGNATURES, Ok, &["loaded"]);
        let unknown = unloaded().without(SIG_ENFORCE);
        expect(&findings(&unknown), SIGNATURES, Unknown, &["config.gz"]);
        let forced = unknown.file("/boot/config-7.3", "CONFIG_MODULE_SIG_FORCE=y\n");
        expect(&findings(&forced), SIGNATURES, Missing, &["sign-file"]);
        let plain = forced.file("/boot/config-7.3", "CONFIG_A=y\n");
        expect(&findings(&plain), SIGNATURES, Ok, &["not needed"]);
    }

    #[test]
    fn the_kernel_may_be_locked_down() {
        for mode in [
            "none [integrity] confidentiality",
            "none integrity [confidentiality]",
        ] {
            let locked = unloaded().file(LOCKDOWN_FILE, mode);
            expect(&findings(&locked), LOCKDOWN, Missing, &["sign-file"]);
        }
        let unmounted = unloaded().without(LOCKDOWN_FILE);
        expect(&findings(&unmounted), LOCKDOWN, Unknown, &["mount"]);
        let mounted = unmounted.file("/sys/kernel/security/lsm", "capability");
        expect(&findings(&mounted), LOCKDOWN, Ok, &["not in this kernel"]);
        let without = unloaded()
            .without(LOCKDOWN_FILE)
            .file("/boot/config-7.3", "CONFIG_A=y\n");
        expect(&findings(&without), LOCKDOWN, Ok, &["not in this kernel"]);
        let with = without.file("/boot/config-7.3", "CONFIG_SECURITY_LOCKDOWN_LSM=y\n");
        expect(&findings(&with), LOCKDOWN, Unknown, &["mount"]);
        let nonsense = unloaded().file(LOCKDOWN_FILE, "nonsense");
        expect(&findings(&nonsense), LOCKDOWN, Unknown, &[]);
    }

    #[test]
    fn secure_boot_is_looked_for() {
        let on = unloaded().file(SECURE_BOOT_VARIABLE, [6, 0, 0, 0, 1]);
        expect(&findings(&on), SECURE_BOOT, Warn, &["mokutil"]);
        let short = unloaded().file(SECURE_BOOT_VARIABLE, [6, 0, 0, 0]);
        expect(&findings(&short), SECURE_BOOT, Unknown, &["efivarfs"]);
        let none = unloaded().without(SECURE_BOOT_VARIABLE);
        expect(&findings(&none), SECURE_BOOT, Unknown, &["efivarfs"]);
        let bios = unloaded().without(EFI);
        expect(&findings(&bios), SECURE_BOOT, Ok, &["UEFI"]);
        let nothing = unloaded().without("/sys");
        expect(&findings(&nothing), SECURE_BOOT, Unknown, &["sysfs"]);
    }

    #[test]
    fn others_than_root_cannot_do_it() {
        expect(&findings(&good().by_user()), ROOT, Missing, &["sudo"]);
    }
}
