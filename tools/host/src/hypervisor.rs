// SPDX-License-Identifier: MIT OR Apache-2.0

//! Detection of the hypervisor that the kernel runs on.

use std::fmt;
use std::fs;
use std::path::Path;

/// Bare metal, or a hypervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Machine {
    /// Bare metal, or a hypervisor that does not show itself.
    BareMetal,
    /// A hypervisor, by name.
    Virtual(String),
    /// Unknown: the processor has no way to tell, or the kernel does not say.
    Unknown,
}

impl Machine {
    /// Identifies the machine by the text of `/proc/cpuinfo`, and by the hypervisor's signature if
    /// the text has the flag `hypervisor`.
    pub fn identify(cpuinfo: &str, signature: impl FnOnce() -> String) -> Self {
        match has_flag(cpuinfo, "hypervisor") {
            None => Self::Unknown,
            Some(false) => Self::BareMetal,
            Some(true) => Self::Virtual(name_of(&signature())),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareMetal => "bare metal",
            Self::Virtual(name) => name,
            Self::Unknown => "hypervisor unknown",
        })
    }
}

/// Describes the machine in words.
pub fn describe() -> String {
    let dmi = dmi_name(Path::new("/sys/class/dmi/id"));
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let machine = Machine::identify(&cpuinfo, signature);
    match dmi {
        Some(dmi) => format!("{machine} ({dmi})"),
        None => machine.to_string(),
    }
}

fn dmi_name(dir: &Path) -> Option<String> {
    let read = |name| {
        let text = fs::read_to_string(dir.join(name)).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let parts: Vec<String> = ["sys_vendor", "product_name"]
        .into_iter()
        .filter_map(read)
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Returns whether an x86 processor has a feature, according to the text of `/proc/cpuinfo`; `None`
/// on other processors.
pub fn has_flag(cpuinfo: &str, flag: &str) -> Option<bool> {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_whitespace().any(|other| other == flag))
}

/// Returns the twelve characters by which a hypervisor identifies itself. Only for CPUs that have
/// the flag `hypervisor`.
#[cfg(target_arch = "x86_64")]
pub fn signature() -> String {
    const HYPERVISOR_LEAF: u32 = 0x4000_0000;
    // Newer compilers declare this function as safe.
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 processor has the CPUID instruction, and one without
    // this leaf answers with another.
    let leaf = unsafe { std::arch::x86_64::__cpuid(HYPERVISOR_LEAF) };
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns an empty string: other processors have no signature.
#[cfg(not(target_arch = "x86_64"))]
pub fn signature() -> String {
    String::new()
}

/// Description of emulated CPUs.
const EMULATED: &str = "QEMU TCG (emulated CPUs: times are not those of hardware)";

/// Returns whether a text of [`describe()`] says that the CPUs are emulated.
pub fn is_emulated(description: &str) -> bool {
    description.starts_with(EMULATED)
}

fn name_of(signature: &str) -> String {
    let name = match signature.trim_end_matches('\0').trim() {
        "TCGTCGTCGTCG" => EMULATED,
        "KVMKVMKVM" => "KVM",
        "Linux KVM Hv" => "KVM with Hyper-V interface",
        "Microsoft Hv" => "Microsoft Hyper-V",
        "VMwareVMware" => "VMware",
        "XenVMMXenVMM" => "Xen",
        "VBoxVBoxVBox" => "VirtualBox",
        "bhyve bhyve" => "bhyve",
        "ACRNACRNACRN" => "ACRN",
        "" => "unknown hypervisor",
        other => return format!("hypervisor {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypervisors_are_named() {
        assert!(is_emulated(&name_of("TCGTCGTCGTCG")));
        assert_eq!(name_of("KVMKVMKVM\0\0\0"), "KVM");
        assert!(!is_emulated("KVM"));
        assert_eq!(name_of("bhyve bhyve "), "bhyve");
        assert_eq!(name_of("NewNewNewNew"), "hypervisor NewNewNewNew");
        assert_eq!(name_of("\0\0\0\0"), "unknown hypervisor");
    }

    #[test]
    fn the_flag_is_looked_for_among_the_flags() {
        let machine = |cpuinfo| Machine::identify(cpuinfo, || "KVMKVMKVM".into());
        assert_eq!(
            machine("flags\t\t: fpu hypervisor sse\n"),
            Machine::Virtual("KVM".into())
        );
        assert_eq!(
            machine("model name\t: hypervisor\nflags\t: fpu\n"),
            Machine::BareMetal
        );
        assert_eq!(machine("Features\t: fp\n"), Machine::Unknown);
        assert_eq!(machine(""), Machine::Unknown);
    }

    #[test]
    fn description_is_not_empty() {
        assert!(!describe().is_empty());
    }
}
