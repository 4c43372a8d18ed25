// SPDX-License-Identifier: MIT OR Apache-2.0

//! Counts in `/proc/stat` and `/proc/interrupts`.

use super::{Counted, CpuTime, Missing, SystemActivity};

/// Parses the counts in these files, or passes on why they could not be read. Neither has
/// instructions.
pub fn parse(stat: Result<&str, &Missing>, interrupts: Result<&str, &Missing>) -> SystemActivity {
    let interrupts_of = |kind| {
        let text = interrupts.map_err(Missing::clone)?;
        interrupts_between_cpus(text, kind)
    };
    SystemActivity {
        context_switches: stat.map_err(Missing::clone).and_then(context_switches),
        reschedule_ipis: interrupts_of(Kind::Reschedule),
        function_call_ipis: interrupts_of(Kind::FunctionCall),
        tlb_shootdowns: interrupts_of(Kind::TlbShootdown),
        cpu_time: stat.map_err(Missing::clone).and_then(cpu_time),
        instructions: Err(Missing("not in /proc".into())),
    }
}

fn context_switches(stat: &str) -> Counted {
    let line = stat.lines().find_map(|line| line.strip_prefix("ctxt "));
    line.and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| Missing("/proc/stat has no line ctxt".into()))
}

/// Parses the line `cpu`, the sum of all CPUs.
fn cpu_time(stat: &str) -> Counted<CpuTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let ticks: Option<Vec<u64>> = line.and_then(|line| {
        let ticks = line.split_whitespace().map(|ticks| ticks.parse().ok());
        ticks.collect()
    });
    // Guest time, which follows, is already part of user and nice.
    let Some([user, nice, system, idle, iowait, irq, softirq, steal, ..]) = ticks.as_deref() else {
        return Err(Missing(
            "/proc/stat has no line cpu with the columns softirq and steal".into(),
        ));
    };
    let busy = user + nice + system + irq + softirq;
    Ok(CpuTime {
        softirq: *softirq,
        busy,
        steal: *steal,
        total: busy + idle + iowait + steal,
    })
}

/// Kind of inter-processor interrupts.
#[derive(Clone, Copy)]
enum Kind {
    Reschedule,
    FunctionCall,
    TlbShootdown,
}

impl Kind {
    /// Returns the description at the end of the line. On x86 the line begins with a name (`RES`),
    /// elsewhere with a number that differs between versions (`IPI0`).
    fn description(self) -> &'static str {
        match self {
            Self::Reschedule => "Rescheduling interrupts",
            Self::FunctionCall => "Function call interrupts",
            Self::TlbShootdown => "TLB shootdowns",
        }
    }
}

/// Returns the interrupts of one kind, summed over all CPUs.
fn interrupts_between_cpus(interrupts: &str, kind: Kind) -> Counted {
    let description = kind.description();
    let counts = interrupts
        .lines()
        .find_map(|line| line.trim_end().strip_suffix(description));
    let counts = counts.and_then(|line| {
        let (_, counts) = line.split_once(':')?;
        let counts = counts.split_whitespace().map(|count| count.parse().ok());
        counts.collect::<Option<Vec<u64>>>()
    });
    match counts {
        Some(counts) if !counts.is_empty() => Ok(counts.iter().sum()),
        _ => Err(Missing(match kind {
            Kind::TlbShootdown => format!(
                "/proc/interrupts has no line '{description}'; arm64, for one, flushes TLBs \
                 without interrupts"
            ),
            _ => format!("/proc/interrupts has no line '{description}', as with one CPU"),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "\
cpu  3561579 242941 540258 965513 10275 7 3181 3228 40 2
cpu0 1781579 121941 270258 465513 5275 3 1181 1228 40 2
cpu1 1780000 121000 270000 500000 5000 4 2000 2000 0 0
intr 75311233 36 9 0 0 0 0 0
ctxt 138552641
btime 1795601234
processes 812345
softirq 41203311 2 11203311 9 91234 553 0 20031 18203311 0 11681171
";

    const X86: &str = "           CPU0       CPU1
  0:         36          0   IO-APIC   2-edge      timer
 36:          0    2827077 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
NMI:          0          0   Non-maskable interrupts
LOC:   17990037   17762958   Local timer interrupts
IWI:          0          1   IRQ work interrupts
RES:    4471859    4232321   Rescheduling interrupts
CAL:    8657035    8134200   Function call interrupts
TLB:    3489514    3470497   TLB shootdowns
ERR:          0
";

    const ARM64: &str = "           CPU0       CPU1       CPU2       CPU3
 11:   10203011    9203400    9120333    9011123 GIC-0  27 Level     arch_timer
IPI0:    120311     118233     119004     117120       Rescheduling interrupts
IPI1:      4012       3991       4100       4021       Function call interrupts
IPI2:         0          0          0          0       CPU stop interrupts
IPI3:         0          0          0          0       CPU stop NMIs
IPI4:         0          0          0          0       Timer broadcast interrupts
IPI5:       233        201        198        240       IRQ work interrupts
Err:          0
";

    fn why(count: Counted) -> String {
        count.unwrap_err().0
    }

    #[test]
    fn x86_counts_all_of_them() {
        let activity = parse(Ok(STAT), Ok(X86));
        assert_eq!(activity.context_switches, Ok(138552641));
        assert_eq!(activity.reschedule_ipis, Ok(4471859 + 4232321));
        assert_eq!(activity.function_call_ipis, Ok(8657035 + 8134200));
        assert_eq!(activity.tlb_shootdowns, Ok(3489514 + 3470497));
        let busy = 3561579 + 242941 + 540258 + 7 + 3181;
        let expected = CpuTime {
            softirq: 3181,
            busy,
            steal: 3228,
            total: busy + 965513 + 10275 + 3228,
        };
        assert_eq!(activity.cpu_time, Ok(expected));
    }

    #[test]
    fn arm64_has_no_tlb_shootdowns() {
        let activity = parse(Ok(STAT), Ok(ARM64));
        assert_eq!(
            activity.reschedule_ipis,
            Ok(120311 + 118233 + 119004 + 117120)
        );
        assert_eq!(activity.function_call_ipis, Ok(4012 + 3991 + 4100 + 4021));
        let missing = why(activity.tlb_shootdowns);
        assert!(missing.contains("arm64"), "{missing}");
    }

    #[test]
    fn interrupts_that_never_came_are_0() {
        let none = X86.replace("4471859", "0").replace("4232321", "0");
        assert_eq!(parse(Ok(STAT), Ok(&none)).reschedule_ipis, Ok(0));
    }

    #[test]
    fn lines_that_are_not_there_are_missing() {
        let one_cpu = "           CPU0\nLOC:   17990037   Local timer interrupts\n";
        let activity = parse(Ok("btime 1795601234\n"), Ok(one_cpu));
        assert_eq!(
            why(activity.context_switches),
            "/proc/stat has no line ctxt"
        );
        assert_eq!(
            why(activity.reschedule_ipis),
            "/proc/interrupts has no line 'Rescheduling interrupts', as with one CPU"
        );
        assert!(activity.cpu_time.is_err());
        // A line without a number is none.
        let cut = "RES:   Rescheduling interrupts\nCAL:   12 x   Function call interrupts\n";
        let activity = parse(Ok("cpu  1 2 3 4\nctxt \n"), Ok(cut));
        assert!(activity.reschedule_ipis.is_err() && activity.function_call_ipis.is_err());
        assert!(activity.context_switches.is_err() && activity.cpu_time.is_err());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let missing = Missing("cannot read /proc/interrupts: gone".into());
        let activity = parse(Ok(STAT), Err(&missing));
        assert_eq!(activity.reschedule_ipis, Err(missing.clone()));
        assert_eq!(activity.tlb_shootdowns, Err(missing));
        assert!(activity.context_switches.is_ok());
    }
}
