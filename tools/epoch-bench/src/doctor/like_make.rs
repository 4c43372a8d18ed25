// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `make` and the doctor say of the same trees: it must be the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::build;
use super::fake::Fake;
use super::finding::Status;

const KDIR: &str = "/lib/modules/7.3/build";
const RUSTC: &str = "rustc 1.85.1 (abc)";

/// Takes something from a machine.
type Defect = fn(Fake) -> Fake;

/// A machine on which modules can be built.
fn good(os_release: &str, kernel: &str) -> Fake {
    let config = format!("CONFIG_RUST=y\nCONFIG_RUSTC_VERSION_TEXT=\"{RUSTC}\"\n");
    Fake::new()
        .file("/proc/sys/kernel/osrelease", format!("{kernel}\n"))
        .file("/etc/os-release", os_release)
        .file(&format!("{KDIR}/include/config/auto.conf"), config)
        .file(
            &format!("{KDIR}/include/config/kernel.release"),
            format!("{kernel}\n"),
        )
        .file(&format!("{KDIR}/rust/libcore.rmeta"), "")
        .file(&format!("{KDIR}/rust/libkernel.rmeta"), "")
        .file(&format!("{KDIR}/rust/libmacros.so"), "")
        .program("rustc", RUSTC)
        .program("gcc", "gcc 14")
        .program("bindgen", "bindgen 0.71.1")
}

/// Returns what the doctor advises, or nothing if modules can be built.
fn doctor(fake: &Fake) -> Option<String> {
    let system = fake.system();
    let findings = build::examine(&system, None, Some(Path::new(KDIR)));
    let missing = findings.iter().find(|one| one.status == Status::Missing)?;
    missing.fix.clone()
}

/// Returns what `make` advises, or nothing if it would build.
fn make(fake: &Fake, kernel: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/kernels/check-kdir.sh");
    let output = Command::new(script)
        .arg(fake.place(KDIR))
        .env("OS_RELEASE", fake.place("/etc/os-release"))
        .env("KERNEL", kernel)
        .env("RUSTC", program(fake, "rustc"))
        .env("BINDGEN", program(fake, "bindgen"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), text.is_empty(), "{text}");
    let (_, advice) = text.lines().next()?.split_once("To do: ").unwrap();
    Some(advice.trim_end_matches('.').to_owned())
}

/// Makes the machine's program one that can be run.
fn program(fake: &Fake, name: &str) -> PathBuf {
    let path = fake.place(&format!("/programs/{name}"));
    if let Some(version) = fake.system().host().version(name) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    path
}

#[test]
fn make_and_the_doctor_agree() {
    let defects: [(&str, Defect); 8] = [
        ("nothing", |fake| fake),
        ("the tree", |fake| fake.without(KDIR)),
        ("its configuration", |fake| {
            fake.without(&format!("{KDIR}/include"))
        }),
        ("Rust", |fake| {
            fake.file(&format!("{KDIR}/include/config/auto.conf"), "CONFIG_A=y\n")
        }),
        ("metadata", |fake| {
            fake.without(&format!("{KDIR}/rust/libkernel.rmeta"))
        }),
        ("the macros", |fake| {
            fake.without(&format!("{KDIR}/rust/libmacros.so"))
        }),
        ("its rustc", |fake| {
            fake.program("rustc", "rustc 1.90.0 (def)")
        }),
        ("bindgen", |fake| fake.no_program("bindgen")),
    ];
    for (os_release, kernel) in [
        ("ID=debian\n", "7.3.4+deb13-amd64"),
        ("ID=debian\n", "7.3.4-mine"),
        ("ID=ubuntu\nID_LIKE=debian\n", "7.0.0-14-generic"),
        (
            "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
            "7.0.0-14-generic",
        ),
        ("ID=arch\n", "7.3.4-arch1-1"),
        ("ID=fedora\n", "7.2.9-300.fc44.x86_64"),
        (
            "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n",
            "7.2.1",
        ),
        ("ID=nixos\n", "7.2.0"),
        ("ID=void\n", "7.3.4"),
    ] {
        for (what, defect) in &defects {
            let fake = defect(good(os_release, kernel));
            let (doctor, make) = (doctor(&fake), make(&fake, kernel));
            let place = format!("{os_release:?} without {what}: {doctor:?}, {make:?}");
            assert_eq!(doctor.is_some(), make.is_some(), "{place}");
            assert_eq!(doctor.is_some(), *what != "nothing", "{place}");
            let command = make.as_deref().and_then(|make| make.strip_prefix("run "));
            // Paths of trees differ, as the fake one is elsewhere.
            if let Some(command) = command.filter(|command| !command.starts_with("make -C")) {
                assert!(doctor.unwrap().contains(command), "{place}");
            }
        }
    }
}
