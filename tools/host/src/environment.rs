// SPDX-License-Identifier: MIT OR Apache-2.0

//! Machine and kernel that a measurement runs on.

use std::fs;
use std::io::{self, Write};
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hypervisor;
use crate::topology::count_cpus;

/// Facts about the machine that are needed to judge the numbers.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// `uname -r`
    pub kernel: String,
    /// The tracker that is selected in the module, if it is loaded.
    pub module_tracker: Option<String>,
    /// CPUs that are online.
    pub online_cpus: usize,
    /// The processor's name.
    pub cpu_model: String,
    /// Bare metal, or the name of the hypervisor.
    pub machine: String,
    /// The kernel's clock source.
    pub clock_source: String,
    /// Time when the measurement began, in UTC; absent in files of the first versions.
    pub date: Option<String>,
    /// Identifies the boot; absent in files of the first versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
}

impl Environment {
    /// Detects the environment; `module_tracker` is the tracker that is selected in the module, if
    /// it is loaded. Facts that cannot be determined are called unknown.
    pub fn detect(module_tracker: Option<String>) -> Self {
        let read = |path| {
            fs::read_to_string(path).map_or_else(|_| "unknown".into(), |t| t.trim().to_owned())
        };
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            kernel: read("/proc/sys/kernel/osrelease"),
            module_tracker,
            online_cpus: count_cpus(&read("/sys/devices/system/cpu/online")).unwrap_or_else(|| {
                std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
            }),
            cpu_model: cpu_model(&cpuinfo).unwrap_or("unknown").to_owned(),
            machine: hypervisor::describe(),
            clock_source: read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()
                .map(|id| id.trim().to_owned()),
            date: Some(humantime::format_rfc3339_seconds(SystemTime::now()).to_string()),
        }
    }

    /// Returns the facts and their names, in the order in which they are printed.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let module = match &self.module_tracker {
            Some(tracker) => format!("epoch_bench, tracker {tracker}"),
            None => "not loaded".into(),
        };
        let cpus = format!("{} online, {}", self.online_cpus, self.cpu_model);
        let mut facts = vec![
            ("kernel", self.kernel.clone()),
            ("module", module),
            ("cpus", cpus),
            ("machine", self.machine.clone()),
            ("clocksource", self.clock_source.clone()),
        ];
        facts.extend(self.date.clone().map(|date| ("date", date)));
        facts
    }

    /// Writes one line for each fact.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, value) in self.facts() {
            let name = format!("{name}:");
            writeln!(out, "{name:<13}{value}")?;
        }
        Ok(())
    }
}

fn cpu_model(cpuinfo: &str) -> Option<&str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| matches!(key.trim(), "model name" | "cpu" | "Model"))
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: A B\n"),
            Some("A B")
        );
        assert_eq!(cpu_model("processor\t: 0\n"), None);
    }
}
