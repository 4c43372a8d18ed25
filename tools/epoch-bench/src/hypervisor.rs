//! What the kernel runs on: bare metal, or which hypervisor.

use std::fs;
use std::path::Path;

/// Says in words what the machine is.
pub fn describe() -> String {
    let dmi = dmi_name(Path::new("/sys/class/dmi/id"));
    let vendor = if cfg!(target_arch = "x86_64") {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let signature = has_hypervisor_flag(&cpuinfo).then(cpuid_signature);
        match signature {
            None => "bare metal".to_owned(),
            Some(signature) => name_of(&signature),
        }
    } else {
        "hypervisor unknown".to_owned()
    };
    match dmi {
        Some(dmi) => format!("{vendor} ({dmi})"),
        None => vendor,
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

fn has_hypervisor_flag(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// The twelve characters by which a hypervisor names itself.
#[cfg(target_arch = "x86_64")]
fn cpuid_signature() -> String {
    const HYPERVISOR_LEAF: u32 = 0x4000_0000;
    // Newer compilers have this function as a safe one.
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 processor has the CPUID instruction, and the caller
    // has seen the flag that says that this leaf exists.
    let leaf = unsafe { std::arch::x86_64::__cpuid(HYPERVISOR_LEAF) };
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpuid_signature() -> String {
    String::new()
}

fn name_of(signature: &str) -> String {
    let name = match signature.trim_end_matches('\0').trim() {
        "TCGTCGTCGTCG" => "QEMU TCG (emulated CPUs: times are not those of hardware)",
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
        assert!(name_of("TCGTCGTCGTCG").starts_with("QEMU TCG"));
        assert_eq!(name_of("KVMKVMKVM\0\0\0"), "KVM");
        assert_eq!(name_of("bhyve bhyve "), "bhyve");
        assert_eq!(name_of("NewNewNewNew"), "hypervisor NewNewNewNew");
        assert_eq!(name_of("\0\0\0\0"), "unknown hypervisor");
    }

    #[test]
    fn the_flag_is_looked_for_among_the_flags() {
        assert!(has_hypervisor_flag("flags\t\t: fpu hypervisor sse\n"));
        assert!(!has_hypervisor_flag(
            "model name\t: hypervisor\nflags\t: fpu\n"
        ));
    }

    #[test]
    fn this_machine_is_something() {
        assert!(!describe().is_empty());
    }
}
