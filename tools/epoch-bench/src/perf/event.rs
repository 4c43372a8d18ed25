// SPDX-License-Identifier: MIT OR Apache-2.0

//! Events to sample, and their meaning on this CPU.

/// Event that counts time where there are no counters: a timer of the kernel.
pub const TIMER: &str = "cpu-clock";

/// perf's name for cycles in which the CPU is not halted.
const CYCLES: &str = "cycles";
/// Name of the same event in FreeBSD's hwpmc(4), libpfm and Intel's manual.
const UNHALTED: &str = "UNHALTED_CORE_CYCLES";

/// Event that the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    asked: String,
    cycles: bool,
}

impl Event {
    /// Takes the name of an event: one of perf's, or `UNHALTED_CORE_CYCLES`.
    pub fn new(name: &str) -> Self {
        let unhalted = name.replace('-', "_").eq_ignore_ascii_case(UNHALTED);
        Self {
            asked: name.to_owned(),
            cycles: unhalted || matches!(name, CYCLES | "cpu-cycles"),
        }
    }

    /// Returns the user's name for the event.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// Returns perf's name for the event.
    pub fn perf_name(&self) -> &str {
        if self.cycles { CYCLES } else { &self.asked }
    }

    /// Returns whether the event is cycles, which represent time, so that [`TIMER`] can replace
    /// them.
    pub fn is_cycles(&self) -> bool {
        self.cycles
    }

    /// Describes the event on a CPU of this vendor, in words.
    ///
    /// Intel's is architectural (Software Developer's Manual, volume 3, "Architectural Performance
    /// Monitoring"), AMD's is PMCx076 of all its families (Processor Programming Reference). Both
    /// are what the kernel counts for perf's `cycles`: see `intel_perfmon_event_map` and
    /// `amd_perfmon_event_map` in arch/x86/events/.
    pub fn describe(&self, vendor: Vendor) -> String {
        if !self.cycles {
            return format!("{}, as perf knows it", self.asked);
        }
        let name = match &self.asked[..] {
            CYCLES => CYCLES.to_owned(),
            asked => format!("{asked} (perf's {CYCLES})"),
        };
        match vendor {
            Vendor::Intel => format!(
                "{name}: the core is not halted; on this Intel CPU architectural event 0x3c, umask \
                 0x00 (cpu/event=0x3c,umask=0x0/)"
            ),
            Vendor::Amd => format!(
                "{name}: the core is not halted; on this AMD CPU event 0x76, CPU cycles not halted \
                 (cpu/event=0x76/)"
            ),
            Vendor::Other => format!("{name}: what the kernel counts as CPU cycles on this CPU"),
        }
    }
}

/// Vendor that defined the CPU's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Intel
    Intel,
    /// AMD, or Hygon with the same events
    Amd,
    /// Another vendor, or unknown
    Other,
}

impl Vendor {
    /// Finds the vendor in the text of `/proc/cpuinfo`.
    pub fn of(cpuinfo: &str) -> Self {
        let vendor = cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim() == "vendor_id")
            .map(|(_, value)| value.trim());
        match vendor {
            Some("GenuineIntel") => Self::Intel,
            Some("AuthenticAMD" | "HygonGenuine") => Self::Amd,
            _ => Self::Other,
        }
    }
}

/// Returns whether a device of `/sys/bus/event_source/devices` counts the cycles of CPUs.
pub fn is_cpu_pmu(device: &str) -> bool {
    // cpu, or cpu_core and cpu_atom; Arm's have the name of the core.
    device == "cpu" || device.starts_with("cpu_") || device.starts_with("armv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_have_many_names() {
        for name in [
            "cycles",
            "cpu-cycles",
            "UNHALTED_CORE_CYCLES",
            "unhalted-core-cycles",
        ] {
            let event = Event::new(name);
            assert!(event.is_cycles(), "{name}");
            assert_eq!(event.perf_name(), "cycles");
            assert_eq!(event.asked(), name);
        }
        for name in ["cache-misses", "r003c", "cpu/event=0x3c/", "cpu-clock"] {
            let event = Event::new(name);
            assert!(!event.is_cycles(), "{name}");
            assert_eq!(event.perf_name(), name);
        }
    }

    #[test]
    fn meaning_of_an_event_depends_on_the_cpu() {
        let unhalted = Event::new("UNHALTED_CORE_CYCLES");
        let intel = unhalted.describe(Vendor::of("vendor_id\t: GenuineIntel\n"));
        assert!(intel.starts_with("UNHALTED_CORE_CYCLES (perf's cycles): "));
        assert!(intel.contains("cpu/event=0x3c,umask=0x0/"));
        let amd = unhalted.describe(Vendor::of("processor\t: 0\nvendor_id\t: AuthenticAMD\n"));
        assert!(amd.contains("0x76"));
        let other = Event::new("cycles").describe(Vendor::of("Features\t: fp\n"));
        assert!(other.starts_with("cycles: what the kernel counts"));
        let named = Event::new("cache-misses").describe(Vendor::Intel);
        assert!(named.starts_with("cache-misses"));
    }

    #[test]
    fn pmus_of_cpus_are_told_from_others() {
        for (device, is) in [
            ("cpu", true),
            ("cpu_atom", true),
            ("armv8_pmuv3_0", true),
            ("cpus", false),
            ("software", false),
        ] {
            assert_eq!(is_cpu_pmu(device), is, "{device}");
        }
    }
}
