// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks for other users of the CPUs: other machines, and other programs.

use std::io;
use std::path::Path;
use std::time::Duration;

use host::hypervisor::Machine;
use host::topology::count_cpus;
use procfs_core::{CpuTime, ExplicitSystemInfo, FromBufReadSI, FromRead, KernelStats, LoadAverage};

use super::finding::Finding;
use super::system::System;

const STEAL: &str = "steal time";
const LOAD: &str = "load";

const STAT: &str = "/proc/stat";
const LOADAVG: &str = "/proc/loadavg";

/// Duration over which steal time is sampled.
const SAMPLE: Duration = Duration::from_secs(1);

/// Percentage of steal time that is a warning: a difference of trackers may be as small.
const MUCH_STEAL: f64 = 1.0;

/// Share of all CPUs used by other programs that is a warning.
const MUCH_LOAD: f64 = 0.1;

/// Examines steal time and load. Takes a second.
pub fn examine(system: &System, machine: &Machine) -> Vec<Finding> {
    // Read before the second that we spend sampling.
    let load = load(system);
    vec![steal(system, machine), load]
}

/// CPU times, in ticks.
#[derive(Clone, Copy)]
struct Ticks {
    stolen: u64,
    all: u64,
}

impl Ticks {
    fn read(system: &System) -> io::Result<Option<Self>> {
        let Some(text) = system.read(STAT)? else {
            return Ok(None);
        };
        // Only ratios are computed, so the units do not matter.
        let units = ExplicitSystemInfo {
            boot_time_secs: 0,
            ticks_per_second: 100,
            page_size: 4096,
            is_little_endian: true,
        };
        let stats = KernelStats::from_buf_read(text.as_bytes(), &units);
        Ok(stats.ok().and_then(|stats| Self::of(&stats.total)))
    }

    fn of(time: &CpuTime) -> Option<Self> {
        // Time of guests is included in user and nice.
        let others = [time.iowait, time.irq, time.softirq];
        let others = others.into_iter().flatten().sum::<u64>();
        let stolen = time.steal?;
        Some(Self {
            stolen,
            all: time.user + time.nice + time.system + time.idle + others + stolen,
        })
    }

    /// Returns the difference to an earlier reading. The counters may run backwards by some ticks.
    fn since(self, before: Self) -> Self {
        Self {
            stolen: self.stolen.saturating_sub(before.stolen),
            all: self.all.saturating_sub(before.all),
        }
    }

    fn percent(self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        100.0 * self.stolen as f64 / self.all as f64
    }
}

fn steal(system: &System, machine: &Machine) -> Finding {
    let sampled = Ticks::read(system).and_then(|before| {
        system.host().pause(SAMPLE);
        Ok(before.zip(Ticks::read(system)?))
    });
    let (before, after) = match sampled {
        Err(error) => return Finding::unreadable(STEAL, Path::new(STAT), &error),
        Ok(None) => {
            return Finding::unknown(
                STEAL,
                format!("{STAT} does not report it"),
                "run 'mount -t proc proc /proc'",
            );
        }
        Ok(Some(ticks)) => ticks,
    };
    let now = after.since(before);
    let found = format!(
        "{:.1} % in a second, {:.1} % since boot",
        now.percent(),
        after.percent()
    );
    if now.percent() >= MUCH_STEAL || after.percent() >= MUCH_STEAL {
        return Finding::warn(
            STEAL,
            format!("{found}: other virtual machines take this one's CPUs"),
            "take dedicated CPUs, or more --samples when the neighbours are quiet",
        );
    }
    // Idle CPUs had nothing to lose in that second; since boot they had.
    if after.stolen == 0 && *machine != Machine::BareMetal {
        return Finding::unknown(
            STEAL,
            "never any, or the hypervisor does not report it",
            "ask the host's operator whether this machine's CPUs are dedicated",
        );
    }
    Finding::ok(STEAL, found)
}

fn load(system: &System) -> Finding {
    let load = match system.read_bytes(LOADAVG) {
        Err(error) => return Finding::unreadable(LOAD, Path::new(LOADAVG), &error),
        Ok(bytes) => bytes.and_then(|bytes| LoadAverage::from_read(&*bytes).ok()),
    };
    let online = system.read("/sys/devices/system/cpu/online").ok().flatten();
    let cpus = online.and_then(|online| count_cpus(&online));
    let Some((load, cpus)) = load.zip(cpus) else {
        return Finding::unknown(
            LOAD,
            format!("{LOADAVG} or /sys/devices/system/cpu/online does not report it"),
            "see what 'uptime' and 'nproc' say",
        );
    };
    let found = format!("{} in the last minute, on {cpus} CPUs", load.one);
    if f64::from(load.one) < MUCH_LOAD * cpus as f64 {
        return Finding::ok(LOAD, found);
    }
    Finding::warn(
        LOAD,
        format!("{found}: other programs run, or have just run"),
        "see which ('top'), and end them or wait",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fake::{Fake, expect};
    use crate::doctor::finding::Status::{Ok, Unknown, Warn};

    const ONLINE: &str = "/sys/devices/system/cpu/online";

    fn stat(idle: u64, steal: u64) -> String {
        format!("cpu  0 0 0 {idle} 0 0 0 {steal} 0 0\nctxt 1\nbtime 1\nprocesses 1\n")
    }

    fn with_steal(before: (u64, u64), after: (u64, u64)) -> Fake {
        Fake::new()
            .file(STAT, stat(before.0, before.1))
            .later(STAT, &stat(after.0, after.1))
    }

    #[track_caller]
    fn expect_steal(fake: &Fake, machine: &Machine, status: super::super::Status, words: &[&str]) {
        expect(&examine(&fake.system(), machine), STEAL, status, words);
    }

    #[test]
    fn neighbours_are_told() {
        let kvm = Machine::Virtual("KVM".into());
        let now = with_steal((100_000, 1), (100_180, 21));
        expect_steal(&now, &kvm, Warn, &["10.0 % in a second, 0.0 % since boot"]);
        let before = with_steal((900, 100), (1090, 100));
        expect_steal(
            &before,
            &kvm,
            Warn,
            &["0.0 % in a second, 8.4 % since boot"],
        );
        let little = with_steal((100_000, 10), (100_200, 10));
        expect_steal(&little, &kvm, Ok, &["0.0 % in a second"]);
        let standing = with_steal((100_000, 10), (100_000, 10));
        expect_steal(&standing, &kvm, Ok, &["0.0 % in a second"]);
    }

    #[test]
    fn no_steal_time_says_nothing_in_a_virtual_machine() {
        let none = with_steal((100_000, 0), (100_200, 0));
        expect_steal(&none, &Machine::BareMetal, Ok, &["0.0 %"]);
        expect_steal(
            &none,
            &Machine::Virtual("QEMU TCG".into()),
            Unknown,
            &["never any"],
        );
        expect_steal(&none, &Machine::Unknown, Unknown, &["never any"]);
    }

    #[test]
    fn an_unreadable_count_is_unknown() {
        let metal = Machine::BareMetal;
        expect_steal(&Fake::new(), &metal, Unknown, &["/proc/stat"]);
        expect_steal(&Fake::new().file(STAT, "cpu x\n"), &metal, Unknown, &[]);
        expect_steal(&Fake::new().unreadable(STAT), &metal, Unknown, &["cat"]);
    }

    #[test]
    fn load_is_set_against_the_cpus() {
        let with = |load: &str, online: &str| {
            let fake = Fake::new().file(LOADAVG, format!("{load} 0.00 0.00 1/100 1\n"));
            examine(&fake.file(ONLINE, online).system(), &Machine::BareMetal)
        };
        expect(&with("0.15", "0-1\n"), LOAD, Ok, &["0.15", "2 CPUs"]);
        expect(&with("1.00", "0-1\n"), LOAD, Warn, &["1 in", "top"]);
        expect(&with("1.00", "0-95\n"), LOAD, Ok, &["96 CPUs"]);
        expect(&with("1.00", "x\n"), LOAD, Unknown, &["uptime"]);
        expect(&with("x", "0-1\n"), LOAD, Unknown, &["uptime"]);
        let none = examine(&Fake::new().system(), &Machine::BareMetal);
        expect(&none, LOAD, Unknown, &["uptime"]);
    }
}
