// SPDX-License-Identifier: MIT OR Apache-2.0

//! Watch over the conditions of a measurement.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use epoch_device::sysfs::TrackerControl;
use epoch_device::uapi::Info;
use epoch_measure::watch::Watch;

use super::module::Module;

/// Conditions that must not change during a measurement: the machine, the module's settings, and
/// the workers of others.
pub struct Conditions<'a> {
    module: Option<&'a Module>,
    /// True if the tracker is the one selected in sysfs, and not the workers' own.
    by_knob: bool,
    /// True if calls are hooked.
    hooked: bool,
    /// Number of this measurement's workers in the kernel.
    workers: usize,
    before: Vec<Fact>,
    /// Workers of others. They are load like any other on the machine, and may come and go: only
    /// the sample during which that is seen is discarded.
    others: Cell<Others>,
}

/// Workers of others: those that run, and those that have started.
#[derive(Clone, Copy, Default)]
struct Others {
    running: u32,
    started: u32,
}

impl Others {
    /// Returns the workers that are not among the `own` ones, each of which has started once.
    fn besides(own: usize, info: &Info) -> Self {
        Self {
            running: info.running.saturating_sub(own as u32),
            started: info.started.wrapping_sub(own as u32),
        }
    }

    /// Describes what has changed until `now`; `None` if nothing has.
    fn until(self, now: Self) -> Option<String> {
        let (before, running) = (self.running, now.running);
        let started = now.started.wrapping_sub(self.started);
        match (before == running, started) {
            (true, 0) => None,
            (true, _) => Some(format!(
                "workers of others: {before}, and {started} more came and went"
            )),
            (false, _) => Some(format!("workers of others: {before}, now {running}")),
        }
    }
}

/// Name of a fact, and its value.
type Fact = (&'static str, String);

impl<'a> Conditions<'a> {
    /// Records the conditions of now, before the workers run.
    pub fn new(
        module: Option<&'a Module>,
        by_knob: bool,
        hooked: bool,
        workers: usize,
    ) -> Result<Self> {
        let mut conditions = Self {
            module,
            by_knob,
            hooked,
            workers,
            before: Vec::new(),
            others: Cell::default(),
        };
        conditions.before = conditions.facts()?;
        conditions.others.set(conditions.others(0)?);
        Ok(conditions)
    }

    fn facts(&self) -> Result<Vec<Fact>> {
        let mut facts = machine(Path::new("/"));
        if let Some(module) = self.module {
            facts.push(("verifier", module.sysfs.read("verify")?));
        }
        Ok(facts)
    }

    /// Returns the workers of others, while `own` workers of this measurement run.
    fn others(&self, own: usize) -> Result<Others> {
        self.module.map_or(Ok(Others::default()), |module| {
            Ok(Others::besides(own, &module.device.info()?))
        })
    }
}

impl Conditions<'_> {
    /// Expects this measurement's workers to start once more.
    pub fn restart(&self) {
        let Others { running, started } = self.others.get();
        let started = started.wrapping_add(self.workers as u32);
        self.others.set(Others { running, started });
    }
}

impl Watch for Conditions<'_> {
    fn changes(&self, tracker: Option<&str>) -> Result<Vec<String>> {
        let mut changes = differences(&self.before, &self.facts()?);
        let others = self.others(self.workers)?;
        changes.extend(self.others.replace(others).until(others));
        if let Some(module) = self.module {
            if let Some(tracker) = tracker.filter(|_| self.by_knob) {
                let now = module.sysfs.current()?;
                if now != tracker {
                    changes.push(format!("tracker: {tracker}, now {now}"));
                }
            }
            if self.hooked && !module.hook().is_enabled()? {
                changes.push("hook: enabled, now disabled".into());
            }
        }
        Ok(changes)
    }
}

/// Returns facts about the machine. Facts that the kernel does not provide are left out.
fn machine(root: &Path) -> Vec<Fact> {
    let cpus = root.join("sys/devices/system/cpu");
    let read = |path: &Path| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let clocks = root.join("sys/devices/system/clocksource/clocksource0/current_clocksource");
    let mut facts = Vec::new();
    for (name, path) in [
        ("CPUs online", cpus.join("online")),
        ("clock source", clocks),
    ] {
        facts.extend(read(&path).ok().map(|value| (name, value)));
    }
    let policies = fs::read_dir(cpus.join("cpufreq")).into_iter().flatten();
    let governors: BTreeSet<_> = policies
        .filter_map(|policy| read(&policy.ok()?.path().join("scaling_governor")).ok())
        .collect();
    if !governors.is_empty() {
        let governors: Vec<_> = governors.into_iter().collect();
        facts.push(("frequency governor", governors.join(" and ")));
    }
    facts
}

fn differences(before: &[Fact], now: &[Fact]) -> Vec<String> {
    let value = |facts: &[Fact], name| {
        let fact = facts.iter().find(|(known, _)| *known == name);
        fact.map_or("unknown".into(), |(_, value)| value.clone())
    };
    let names: BTreeSet<_> = before.iter().chain(now).map(|(name, _)| *name).collect();
    names
        .into_iter()
        .map(|name| (name, value(before, name), value(now, name)))
        .filter(|(_, before, now)| before != now)
        .map(|(name, before, now)| format!("{name}: {before}, now {now}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_of_others_are_told_from_own_ones() {
        let info = |running, started| Info {
            running,
            started,
            ..Info::default()
        };
        // Seven belong to others, and four will be our own.
        let before = Others::besides(0, &info(7, u32::MAX));
        let until = |running, started| before.until(Others::besides(4, &info(running, started)));
        assert_eq!(until(11, 3), None);
        assert_eq!(until(12, 4).unwrap(), "workers of others: 7, now 8");
        assert_eq!(
            until(11, 5).unwrap(),
            "workers of others: 7, and 2 more came and went"
        );
        assert_eq!(until(9, 3).unwrap(), "workers of others: 7, now 5");
    }

    #[test]
    fn changes_of_the_machine_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let cpus = dir.path().join("sys/devices/system/cpu");
        let write = |path: &str, value: &str| {
            let path = cpus.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{value}\n")).unwrap();
        };
        write("online", "0-3");
        write("cpufreq/policy0/scaling_governor", "performance");
        write("cpufreq/policy1/scaling_governor", "performance");
        let before = machine(dir.path());
        assert_eq!(before.len(), 2);
        assert!(differences(&before, &machine(dir.path())).is_empty());
        write("online", "0-2");
        write("cpufreq/policy1/scaling_governor", "powersave");
        let changes = differences(&before, &machine(dir.path()));
        let expected = [
            "CPUs online: 0-3, now 0-2",
            "frequency governor: performance, now performance and powersave",
        ];
        assert_eq!(changes, expected);
        fs::remove_dir_all(dir.path().join("sys")).unwrap();
        let changes = differences(&before, &machine(dir.path()));
        assert_eq!(changes[0], "CPUs online: 0-3, now unknown");
    }
}
