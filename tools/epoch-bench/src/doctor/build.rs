// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks whether modules can be built. `test/kernels/check-kdir.sh` checks the same for `make`, and
//! takes its advice from the same table.

use std::path::{Path, PathBuf};

use super::config::{self, Config};
use super::distribution::Distribution;
use super::finding::Finding;
use super::system::System;

const TREE: &str = "kernel tree";
const RUST: &str = "CONFIG_RUST";
const METADATA: &str = "Rust metadata";
const RUSTC: &str = "rustc";
const CC: &str = "C compiler";
const BINDGEN: &str = "bindgen";

/// Examines the kernel tree, or the one in `kdir`, and the compilers.
pub fn examine(system: &System, running: Option<&Config>, kdir: Option<&Path>) -> Vec<Finding> {
    let Some(dir) = kdir.map(PathBuf::from).or_else(|| build_dir(system)) else {
        return vec![Finding::unknown(
            TREE,
            "the kernel does not say which one it is",
            "name its tree with --kdir",
        )];
    };
    let tree = Config::read(system, &dir.join("include/config/auto.conf"));
    // Without a tree, the running kernel's configuration still shows whether it was built with
    // Rust.
    let config = match kdir {
        Some(_) => tree.as_ref(),
        None => tree.as_ref().or(running),
    };
    let distribution = Distribution::of(system);
    vec![
        kernel_tree(system, &dir, tree.is_some(), &distribution),
        config_rust(config),
        metadata(system, &dir, &distribution),
        rustc(system, config, &distribution),
        c_compiler(system, config, &distribution),
        bindgen(system, &distribution),
    ]
}

/// Returns the tree that `make` takes: the kernel's, or the copy of it to which the package
/// epoch-dkms has added the metadata.
fn build_dir(system: &System) -> Option<PathBuf> {
    let release = system.release()?;
    let completed = PathBuf::from(format!("/var/cache/epoch-dkms/{release}"));
    if system.exists(&completed).unwrap_or(false) {
        return Some(completed);
    }
    Some(format!("/lib/modules/{release}/build").into())
}

fn kernel_tree(
    system: &System,
    dir: &Path,
    configured: bool,
    distribution: &Distribution,
) -> Finding {
    let shown = dir.display();
    match system.exists(dir) {
        Err(error) => return Finding::unreadable(TREE, dir, &error),
        Ok(false) => {
            return Finding::missing(
                TREE,
                format!("there is no {shown}"),
                format!("{}, or name another tree with --kdir", distribution.headers),
            );
        }
        Ok(true) => {}
    }
    if !configured {
        return Finding::missing(
            TREE,
            format!("{shown} is not configured: it has no include/config/auto.conf"),
            format!("run 'make -C {shown} olddefconfig modules_prepare'"),
        );
    }
    let built = system.read(dir.join("include/config/kernel.release"));
    match (built.ok().flatten(), system.release()) {
        (Some(built), Some(running)) if built == running => {
            Finding::ok(TREE, format!("{shown}, of {built}"))
        }
        (Some(built), Some(running)) => Finding::warn(
            TREE,
            format!("{shown} is of {built}, and {running} runs, which loads no modules of it"),
            format!("boot {built}, or name the tree of {running} with --kdir"),
        ),
        _ => Finding::unknown(
            TREE,
            format!("{shown} does not say which kernel it is of"),
            format!("run 'make -C {shown} modules_prepare'"),
        ),
    }
}

fn config_rust(config: Option<&Config>) -> Finding {
    match config {
        None => Finding::unknown(RUST, config::NOT_FOUND, config::HOW_TO_FIND),
        Some(config) if config.has(RUST) => Finding::ok(RUST, format!("in {}", config.source())),
        Some(config) => Finding::missing(
            RUST,
            format!("not set in {}", config.source()),
            "use a kernel that has it: Debian's from 7.2 on, your own with CONFIG_RUST=y, or the \
             guest that 'make demo' brings",
        ),
    }
}

fn metadata(system: &System, dir: &Path, distribution: &Distribution) -> Finding {
    let rust = dir.join("rust");
    let names = match system.list(&rust) {
        Err(error) => return Finding::unreadable(METADATA, &rust, &error),
        Ok(names) => names.unwrap_or_default(),
    };
    let is_macros = |name: &String| name.starts_with("libmacros") && name.ends_with(".so");
    let mut lacks: Vec<_> = ["libcore.rmeta", "libkernel.rmeta"]
        .into_iter()
        .filter(|part| !names.iter().any(|name| name == part))
        .collect();
    if !names.iter().any(is_macros) {
        lacks.push("libmacros.so");
    }
    if lacks.is_empty() {
        return Finding::ok(METADATA, format!("in {}", rust.display()));
    }
    Finding::missing(
        METADATA,
        format!("{} has no {}", rust.display(), lacks.join(", no ")),
        distribution.metadata.as_str(),
    )
}

fn rustc(system: &System, config: Option<&Config>, distribution: &Distribution) -> Finding {
    let program = program(system, "RUSTC").unwrap_or_else(|| "rustc".into());
    let found = system.host().version(&program);
    let wanted = config.and_then(|config| config.text("CONFIG_RUSTC_VERSION_TEXT"));
    match (found, wanted) {
        (Some(found), Some(wanted)) if found == wanted => {
            Finding::ok(RUSTC, format!("{found}, as the kernel"))
        }
        (Some(found), Some(wanted)) => Finding::missing(
            RUSTC,
            format!("{program} is '{found}', and the kernel was built with '{wanted}'"),
            format!(
                "{}, or name that one with RUSTC=: Rust modules load only if both are the same",
                distribution.rustc
            ),
        ),
        (None, Some(wanted)) => Finding::missing(
            RUSTC,
            format!("{program} does not run, and the kernel was built with '{wanted}'"),
            format!("{}, or name it with RUSTC=", distribution.rustc),
        ),
        (Some(found), None) => Finding::unknown(
            RUSTC,
            format!("{found}; which one the kernel takes is unknown"),
            "install the one in CONFIG_RUSTC_VERSION_TEXT of a kernel that has CONFIG_RUST",
        ),
        (None, None) => Finding::missing(
            RUSTC,
            format!("{program} does not run"),
            format!("{}, or name it with RUSTC=", distribution.rustc),
        ),
    }
}

fn c_compiler(system: &System, config: Option<&Config>, distribution: &Distribution) -> Finding {
    let wanted = config.and_then(|config| config.text("CONFIG_CC_VERSION_TEXT"));
    let programs = compilers(system, wanted);
    let found = programs
        .iter()
        .find_map(|program| Some((program, system.host().version(program)?)));
    match (found, wanted) {
        (Some((_, found)), Some(wanted)) if version_of(&found) == version_of(wanted) => {
            Finding::ok(CC, format!("{found}, as the kernel"))
        }
        (Some((program, found)), Some(wanted)) => Finding::warn(
            CC,
            format!("{program} is '{found}', and the kernel was built with '{wanted}'"),
            "install that one, or name it with CC=, if the build complains",
        ),
        (Some((_, found)), None) => Finding::unknown(
            CC,
            format!("{found}; which one built the kernel is unknown"),
            config::HOW_TO_FIND,
        ),
        (None, wanted) => Finding::missing(
            CC,
            match wanted {
                Some(wanted) => format!(
                    "{} does not run, and the kernel was built with '{wanted}'",
                    programs.join(" or ")
                ),
                None => format!("{} does not run", programs.join(" or ")),
            },
            format!("{}, or name it with CC=", distribution.cc),
        ),
    }
}

/// Returns the names under which the compiler may be installed.
fn compilers(system: &System, wanted: Option<&str>) -> Vec<String> {
    if let Some(program) = program(system, "CC") {
        return vec![program];
    }
    let Some(wanted) = wanted else {
        return vec!["gcc".into()];
    };
    if wanted.contains("clang") {
        return vec!["clang".into()];
    }
    // GCC says by which name it was called, such as x86_64-linux-gnu-gcc-14.
    let mut programs = vec!["gcc".to_owned()];
    if let Some(name) = wanted.split(' ').next() {
        if name != "gcc" && name.contains("gcc") && !name.contains('/') {
            programs.insert(0, name.into());
        }
    }
    programs
}

/// Returns a compiler's version line without GCC's name.
fn version_of(text: &str) -> &str {
    match text.split_once(' ') {
        Some((name, version)) if name.contains("gcc") => version,
        _ => text,
    }
}

fn bindgen(system: &System, distribution: &Distribution) -> Finding {
    let program = program(system, "BINDGEN").unwrap_or_else(|| "bindgen".into());
    match system.host().version(&program) {
        Some(version) => Finding::ok(BINDGEN, version),
        None => Finding::missing(
            BINDGEN,
            format!("{program} does not run"),
            format!("{}, or name it with BINDGEN=", distribution.bindgen),
        ),
    }
}

/// Returns the program that an environment variable names, as it does for `make`.
fn program(system: &System, variable: &str) -> Option<String> {
    let name = system.host().variable(variable)?;
    (!name.is_empty()).then(|| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Missing, Ok, Unknown, Warn};

    const DIR: &str = "/lib/modules/7.3/build";
    const GCC: &str = "gcc (Debian 14.2.0-19) 14.2.0";

    fn config(cc: &str) -> String {
        format!(
            "CONFIG_RUST=y\nCONFIG_RUSTC_VERSION_TEXT=\"rustc 1.85.1 (abc)\"\n\
             CONFIG_CC_VERSION_TEXT=\"{cc}\"\n"
        )
    }

    /// A tree and programs with which modules can be built; each test breaks one thing.
    fn good() -> Fake {
        [
            ("include/config/auto.conf", config(GCC)),
            ("include/config/kernel.release", "7.3\n".into()),
            ("rust/libcore.rmeta", String::new()),
            ("rust/libkernel.rmeta", String::new()),
            ("rust/libmacros.so", String::new()),
        ]
        .into_iter()
        .fold(Fake::new(), |fake, (name, content)| {
            fake.file(&format!("{DIR}/{name}"), content)
        })
        .program("rustc", "rustc 1.85.1 (abc)")
        .program("gcc", GCC)
        .program("bindgen", "bindgen 0.71.1")
    }

    fn findings(fake: &Fake) -> Vec<Finding> {
        let system = fake.system();
        examine(&system, Config::running(&system).as_ref(), None)
    }

    fn with_cc(cc: &str) -> Fake {
        good().file(&format!("{DIR}/include/config/auto.conf"), config(cc))
    }

    #[test]
    fn a_good_tree_is_fine() {
        let findings = findings(&good());
        assert_eq!(findings.len(), 6);
        for finding in &findings {
            assert_eq!(finding.status, Ok, "{finding:?}");
        }
    }

    #[test]
    fn a_tree_may_be_absent_or_unprepared() {
        let none = findings(&good().without(DIR));
        expect(&none, TREE, Missing, &["there is no", "headers", "--kdir"]);
        expect(&none, RUST, Unknown, &["config.gz"]);
        expect(&none, METADATA, Missing, &["no libcore.rmeta"]);
        let raw = good().without("/lib/modules/7.3/build/include");
        expect(
            &findings(&raw),
            TREE,
            Missing,
            &["not configured", "modules_prepare"],
        );
    }

    #[test]
    fn a_tree_of_another_kernel_is_told() {
        let name = format!("{DIR}/include/config/kernel.release");
        let other = good().file(&name, "7.2\n");
        expect(&findings(&other), TREE, Warn, &["of 7.2", "7.3 runs"]);
        let nameless = good().without(&name);
        expect(&findings(&nameless), TREE, Unknown, &["does not say"]);
    }

    #[test]
    fn another_tree_can_be_named() {
        let fake = good();
        let system = fake.system();
        let named = examine(&system, None, Some(Path::new("/src/linux")));
        expect(&named, TREE, Missing, &["/src/linux"]);
        let named = examine(&system, None, Some(Path::new(DIR)));
        expect(&named, TREE, Ok, &[DIR]);
    }

    #[test]
    fn the_tree_of_the_package_comes_first() {
        let packaged = good().file(
            "/var/cache/epoch-dkms/7.3/include/config/auto.conf",
            config(GCC),
        );
        expect(&findings(&packaged), TREE, Unknown, &["/var/cache"]);
    }

    #[test]
    fn a_kernel_without_rust_is_told_even_without_a_tree() {
        let fake = Fake::new().file("/boot/config-7.3", "CONFIG_A=y\n");
        expect(
            &findings(&fake),
            RUST,
            Missing,
            &["/boot/config-7.3", "CONFIG_RUST=y"],
        );
        // The running kernel's configuration says nothing about another kernel's tree.
        let system = fake.system();
        let running = Config::running(&system);
        let named = examine(&system, running.as_ref(), Some(Path::new("/src/linux")));
        expect(&named, RUST, Unknown, &[]);
    }

    #[test]
    fn a_kernel_without_a_name_is_told() {
        let fake = good().without("/proc/sys/kernel/osrelease");
        expect(&findings(&fake), TREE, Unknown, &["--kdir"]);
    }

    #[test]
    fn each_part_of_the_metadata_is_needed() {
        for part in ["libcore.rmeta", "libkernel.rmeta", "libmacros.so"] {
            let fake = good().without(&format!("{DIR}/rust/{part}"));
            expect(&findings(&fake), METADATA, Missing, &[part, "KDIR="]);
        }
    }

    #[test]
    fn the_rust_compiler_has_to_be_the_kernels() {
        let other = good().program("rustc", "rustc 1.90.0 (def)");
        expect(
            &findings(&other),
            RUSTC,
            Missing,
            &["rustc 1.85.1 (abc)", "rustc 1.90.0 (def)", "RUSTC="],
        );
        let named = other
            .program("rustc-1.85", "rustc 1.85.1 (abc)")
            .variable("RUSTC", "rustc-1.85");
        expect(&findings(&named), RUSTC, Ok, &["1.85.1"]);
        let none = good().variable("RUSTC", "none");
        expect(
            &findings(&none),
            RUSTC,
            Missing,
            &["none does not run", "1.85.1"],
        );
        let unknown = good().without(DIR);
        expect(&findings(&unknown), RUSTC, Unknown, &["1.85.1"]);
        expect(&findings(&Fake::new()), RUSTC, Missing, &["does not run"]);
    }

    #[test]
    fn the_c_compiler_is_compared_but_for_its_name() {
        let full = "x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0";
        expect(&findings(&with_cc(full)), CC, Ok, &[GCC]);
        let named = with_cc(full)
            .program("x86_64-linux-gnu-gcc-14", full)
            .program("gcc", "gcc (Debian 12) 12.2.0");
        expect(&findings(&named), CC, Ok, &[full]);
        let other = good().program("gcc", "gcc (Debian 12) 12.2.0");
        expect(&findings(&other), CC, Warn, &["12.2.0", "14.2.0", "CC="]);
        let clang = "Debian clang version 19.1.7 (3)";
        expect(
            &findings(&with_cc(clang)),
            CC,
            Missing,
            &["clang", "19.1.7"],
        );
        let clang = with_cc(clang).program("clang", clang);
        expect(&findings(&clang), CC, Ok, &["19.1.7"]);
        let unknown = good().without(DIR);
        expect(&findings(&unknown), CC, Unknown, &[GCC]);
        expect(&findings(&Fake::new()), CC, Missing, &["gcc does not run"]);
    }

    #[test]
    fn bindgen_is_needed() {
        let fake = good().variable("BINDGEN", "none");
        expect(&findings(&fake), BINDGEN, Missing, &["none", "BINDGEN="]);
    }
}
