// SPDX-License-Identifier: MIT OR Apache-2.0

//! Activity of the whole machine during a measurement: context switches, inter-processor interrupts
//! (IPIs), time in softirqs, instructions.
//!
//! The counts cover all processes and the kernel. Workers are many processes or threads, and
//! softirq time, for example of RCU callbacks, is charged to the task that it interrupted.

mod instructions;
mod procfs;

use std::fmt;
use std::fs;

use instructions::InstructionCounters;

/// Reason why something is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A count, or the reason why there is none: a count that is missing must not look like 0.
pub type Counted<T = u64> = Result<T, Missing>;

/// Counts of the whole machine, since it was booted or between two readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemActivity {
    /// Context switches.
    pub context_switches: Counted,
    /// Interrupts that asked a CPU to call the scheduler.
    pub reschedule_ipis: Counted,
    /// Interrupts that asked a CPU to call a function; on x86, TLB shootdowns are such calls.
    pub function_call_ipis: Counted,
    /// TLB flushes that another CPU asked for by an interrupt.
    pub tlb_shootdowns: Counted,
    /// CPU time, by kind.
    pub cpu_time: Counted<CpuTime>,
    /// Instructions retired, in the kernel and in user space.
    pub instructions: Counted,
}

/// Time of all CPUs together, in ticks of `USER_HZ`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Time in softirqs.
    pub softirq: u64,
    /// Time neither idle nor stolen.
    pub busy: u64,
    /// Time stolen: ready to run, while the hypervisor ran something else.
    pub steal: u64,
    /// Time of all kinds.
    pub total: u64,
}

impl SystemActivity {
    /// Returns the counts since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        self.with(before, |after, before| {
            after.checked_sub(before).ok_or_else(|| {
                Missing("the kernel's count went backwards, as when a CPU goes offline".into())
            })
        })
    }

    /// Adds the counts of another interval. A sum with a missing part is missing.
    pub fn add(&mut self, other: &Self) {
        *self = self.with(other, |one, other| Ok(one + other));
    }

    /// Returns the sum of the counts of several intervals; `None` if there are none.
    pub fn total(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut sum, part| {
            sum.add(&part);
            sum
        })
    }

    fn with(&self, other: &Self, with: impl Fn(u64, u64) -> Counted) -> Self {
        let count = |one: &Counted, other: &Counted| with(one.clone()?, other.clone()?);
        let cpu_time = |one: CpuTime, other: CpuTime| {
            Ok(CpuTime {
                softirq: with(one.softirq, other.softirq)?,
                busy: with(one.busy, other.busy)?,
                steal: with(one.steal, other.steal)?,
                total: with(one.total, other.total)?,
            })
        };
        Self {
            context_switches: count(&self.context_switches, &other.context_switches),
            reschedule_ipis: count(&self.reschedule_ipis, &other.reschedule_ipis),
            function_call_ipis: count(&self.function_call_ipis, &other.function_call_ipis),
            tlb_shootdowns: count(&self.tlb_shootdowns, &other.tlb_shootdowns),
            cpu_time: match (&self.cpu_time, &other.cpu_time) {
                (Ok(one), Ok(other)) => cpu_time(*one, *other),
                (Err(missing), _) | (_, Err(missing)) => Err(missing.clone()),
            },
            instructions: count(&self.instructions, &other.instructions),
        }
    }
}

/// Meter of the whole machine's activity.
pub trait ActivityMeter {
    /// Reads the counts since the machine was booted, or since the meter was created.
    fn read(&self) -> SystemActivity;
}

/// [`ActivityMeter`] of the kernel: two files of `/proc`, and an event of each CPU.
pub struct SystemMeter {
    instructions: Counted<InstructionCounters>,
}

impl SystemMeter {
    /// Starts counting; counts that are not available are [`Missing`].
    ///
    /// Forked workers would inherit a file descriptor for each CPU: fork them before.
    pub fn open() -> Self {
        Self {
            instructions: InstructionCounters::open(),
        }
    }
}

impl ActivityMeter for SystemMeter {
    fn read(&self) -> SystemActivity {
        let read = |path: &str| {
            let text = fs::read_to_string(path);
            text.map_err(|error| Missing(format!("cannot read {path}: {error}")))
        };
        let (stat, interrupts) = (read("/proc/stat"), read("/proc/interrupts"));
        let instructions = self.instructions.as_ref();
        let instructions = match instructions {
            Ok(counters) => counters.read(),
            Err(missing) => Err(missing.clone()),
        };
        SystemActivity {
            instructions,
            ..procfs::parse(stat.as_deref(), interrupts.as_deref())
        }
    }
}

/// Stand-in for the kernel, for tests.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::*;
    use std::cell::Cell;

    /// Meter that finds 1000 context switches and 8 ticks of CPU time more at each reading, half of
    /// them in softirqs, and no PMU.
    #[derive(Default)]
    pub struct FakeMeter(Cell<u64>);

    impl ActivityMeter for FakeMeter {
        fn read(&self) -> SystemActivity {
            let readings = self.0.get() + 1;
            self.0.set(readings);
            SystemActivity {
                context_switches: Ok(1000 * readings),
                reschedule_ipis: Ok(0),
                function_call_ipis: Ok(500 * readings),
                tlb_shootdowns: Ok(500 * readings),
                cpu_time: Ok(CpuTime {
                    softirq: 4 * readings,
                    busy: 8 * readings,
                    steal: 0,
                    total: 16 * readings,
                }),
                instructions: Err(Missing("there is no PMU".into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeMeter;
    use super::*;

    #[test]
    fn counts_are_subtracted_and_added() {
        let meter = FakeMeter::default();
        let [first, second, third] = [meter.read(), meter.read(), meter.read()];
        let one = second.since(&first);
        assert_eq!(one.context_switches, Ok(1000));
        let sum = SystemActivity::total([one, third.since(&first)]).unwrap();
        assert_eq!(SystemActivity::total([]), None);
        assert_eq!(sum.context_switches, Ok(3000));
        assert_eq!(sum.reschedule_ipis, Ok(0));
        let expected = CpuTime {
            softirq: 12,
            busy: 24,
            steal: 0,
            total: 48,
        };
        assert_eq!(sum.cpu_time, Ok(expected));
    }

    #[test]
    fn a_part_that_is_missing_is_missing_in_the_sum() {
        let meter = FakeMeter::default();
        let (first, second) = (meter.read(), meter.read());
        let whole = second.since(&first);
        assert_eq!(whole.instructions, Err(Missing("there is no PMU".into())));
        let mut part = whole.clone();
        part.context_switches = Err(Missing("gone".into()));
        part.cpu_time = Err(Missing("gone".into()));
        let mut sum = whole.clone();
        sum.add(&part);
        assert_eq!(sum.context_switches, part.context_switches);
        assert_eq!(sum.cpu_time, part.cpu_time);
        assert_eq!(sum.tlb_shootdowns, Ok(1000));
    }

    #[test]
    fn a_count_that_goes_backwards_is_missing() {
        let meter = FakeMeter::default();
        let (first, second) = (meter.read(), meter.read());
        let backwards = first.since(&second);
        let missing = backwards.context_switches.unwrap_err();
        assert!(missing.0.contains("backwards"), "{missing}");
        assert!(backwards.cpu_time.is_err());
        assert_eq!(backwards.reschedule_ipis, Ok(0));
    }

    #[test]
    fn this_machine_counts_or_says_why_not() {
        let meter = SystemMeter::open();
        let before = meter.read();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let activity = meter.read().since(&before);
        assert!(activity.context_switches.unwrap() > 0);
        assert!(activity.cpu_time.is_ok());
        if let Err(Missing(why)) = activity.instructions {
            assert!(!why.is_empty());
        }
    }
}
