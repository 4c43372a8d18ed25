// SPDX-License-Identifier: MIT OR Apache-2.0

//! Commands of the machine's distribution that bring what modules are built with.

use super::system::System;

/// The commands of all distributions, which `make` reads, too.
const TABLE: &str = include_str!("distributions");

/// Advice where no package has Rust metadata.
const FROM_SOURCE: &str = "unpack the kernel's source, copy its configuration there as .config \
     and the headers' Module.symvers, run 'make KERNELRELEASE=$(uname -r) olddefconfig \
     modules_prepare', and name that tree with --kdir, and to make with KDIR=";

/// Advice how to get each of these, as a part of a sentence.
pub struct Distribution {
    /// The headers of the running kernel.
    pub headers: String,
    /// Their Rust metadata.
    pub metadata: String,
    /// The Rust compiler.
    pub rustc: String,
    /// The generator of bindings.
    pub bindgen: String,
    /// The C compiler.
    pub cc: String,
}

impl Distribution {
    /// Returns the commands of the distribution that the machine runs.
    pub fn of(system: &System) -> Self {
        let release = system.read("/etc/os-release").ok().flatten();
        let armbian = system.exists("/etc/armbian-release").unwrap_or(false);
        let kernel = system.release().unwrap_or_default();
        let names = names(release.as_deref().unwrap_or_default(), armbian);
        let line = names
            .iter()
            .map(String::as_str)
            .chain(["*"])
            .find_map(|name| lines().find(|line| line[0] == name && fits(&kernel, line[1])))
            .expect("the last line fits all");
        Self {
            headers: advice(line[2]),
            metadata: advice(line[3]),
            rustc: advice(line[4]),
            bindgen: advice(line[5]),
            cc: advice(line[6]),
        }
    }
}

fn lines() -> impl Iterator<Item = [&'static str; 7]> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let fields: Vec<_> = line.split(" | ").map(str::trim).collect();
            fields.try_into().ok()
        })
}

fn fits(kernel: &str, part: &str) -> bool {
    part == "*" || kernel.contains(part)
}

/// Returns the names of a distribution, its own before those that it is like.
fn names(os_release: &str, armbian: bool) -> Vec<String> {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']).to_owned())
            .unwrap_or_default()
    };
    let mut names = Vec::new();
    if armbian {
        names.push("armbian".to_owned());
    }
    names.push(value("ID"));
    names.extend(value("ID_LIKE").split_whitespace().map(str::to_owned));
    names
}

fn advice(field: &str) -> String {
    match field.strip_prefix(':').map(str::trim) {
        Some("") => FROM_SOURCE.into(),
        Some(text) => text.into(),
        None if field.starts_with("make ") => format!("run '{field}' in epoch's source"),
        None => format!("run '{field}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::Fake;

    fn on(os_release: &str, kernel: &str) -> Distribution {
        let fake = Fake::new()
            .file("/etc/os-release", os_release)
            .file("/proc/sys/kernel/osrelease", format!("{kernel}\n"));
        Distribution::of(&fake.system())
    }

    #[test]
    fn each_line_has_all_fields() {
        let all = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines().count(), all.count());
        assert_eq!(lines().last().unwrap()[..2], ["*", "*"]);
    }

    #[test]
    fn debians_kernels_are_built_for_in_the_build_root() {
        let debian = on("NAME=\"Debian\"\nID=debian\n", "7.3.4+deb13-amd64");
        assert!(debian.metadata.contains("make KVER=$(uname -r)"));
        // Of one's own kernel, Debian knows nothing.
        let own = on("ID=debian\n", "7.3.4-mine");
        assert!(own.metadata.contains("modules_prepare"));
        assert!(own.headers.contains("apt-get"));
    }

    #[test]
    fn other_distributions_have_their_packages() {
        let ubuntu = on("ID=ubuntu\nID_LIKE=debian\n", "7.0.0-14-generic");
        assert!(ubuntu.metadata.contains("linux-lib-rust-$(uname -r)"));
        let arch = on("ID=arch\n", "7.3.4-arch1-1");
        assert!(arch.metadata.contains("pacman -S linux-headers"));
        let fedora = on("ID=fedora\n", "7.2.9-300.fc44.x86_64");
        assert!(fedora.headers.contains("dnf install kernel-devel"));
        assert!(fedora.metadata.contains("modules_prepare"));
        let nixos = on("ID=nixos\n", "7.2.0");
        assert!(nixos.metadata.contains("kernel.dev"));
        let suse = on(
            "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n",
            "7.2.1",
        );
        assert!(suse.headers.contains("zypper"));
    }

    #[test]
    fn a_derivative_is_like_its_parent() {
        let mint = on(
            "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
            "7.0.0-14-generic",
        );
        assert!(mint.metadata.contains("linux-lib-rust"));
        let armbian = Fake::new()
            .file("/etc/os-release", "ID=debian\n")
            .file("/etc/armbian-release", "BRANCH=current\n");
        assert!(
            Distribution::of(&armbian.system())
                .headers
                .contains("armbian-release")
        );
    }

    #[test]
    fn an_unknown_distribution_gets_a_text() {
        let unknown = on("ID=void\n", "7.3.1");
        assert_eq!(unknown.headers, "install the headers of this kernel");
        assert!(
            Distribution::of(&Fake::new().system())
                .rustc
                .contains("rustup")
        );
    }
}
