// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checks of a machine: its abilities, and what is missing.
//!
//! Each section has a file with its probes. A probe reads below the root of a [`System`], and
//! reports its findings; what it cannot determine is unknown.

mod build;
mod config;
mod distribution;
mod finding;
mod hook;
mod load;
mod noise;
mod profile;
mod report;
mod speed;
mod system;
mod tracker;
mod trust;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod like_make;

use std::path::Path;

use config::Config;
pub use finding::{Finding, Status};
pub use report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use system::{Host, System};

/// Topic of findings.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Building the modules.
    Build,
    /// Loading the modules.
    Load,
    /// Hooking kernel functions.
    Hook,
    /// Trackers that need certain CPUs.
    Tracker,
    /// Profiling.
    Profile,
    /// Reliability of measurements.
    Trust,
}

impl Topic {
    /// Returns the heading of the topic.
    pub fn title(self) -> &'static str {
        match self {
            Self::Build => "Building the modules",
            Self::Load => "Loading them",
            Self::Hook => "Hooking functions",
            Self::Tracker => "Trackers",
            Self::Profile => "Profiling",
            Self::Trust => "Trust in numbers",
        }
    }
}

/// Findings about one topic.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Section {
    /// The topic.
    pub topic: Topic,
    /// The findings, in the order in which they are printed.
    pub findings: Vec<Finding>,
}

/// Examines the machine, and the kernel tree in `kdir` instead of the running kernel's. Takes a
/// second.
pub fn examine(system: &System, kdir: Option<&Path>) -> Vec<Section> {
    let config = Config::running(system);
    let config = config.as_ref();
    let mut build = build::examine(system, config, kdir);
    let excuse = if load::is_loaded(system) {
        Some("the modules are loaded as they are")
    } else if load::is_installed(system) {
        Some("the modules are installed as they are")
    } else {
        None
    };
    if let Some(excuse) = excuse {
        let excused = |finding: Finding| finding.excused(excuse);
        build = build.into_iter().map(excused).collect();
    }
    [
        (Topic::Build, build),
        (Topic::Load, load::examine(system, config)),
        (Topic::Hook, hook::examine(system, config)),
        (Topic::Tracker, tracker::examine(system)),
        (Topic::Profile, profile::examine(system)),
        (Topic::Trust, trust::examine(system)),
    ]
    .map(|(topic, findings)| Section { topic, findings })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fake::Fake;

    fn count(sections: &[Section], status: Status) -> usize {
        let findings = sections.iter().flat_map(|section| &section.findings);
        findings.filter(|finding| finding.status == status).count()
    }

    #[test]
    fn of_an_empty_machine_nothing_is_ok() {
        let fake = Fake::new().without("/proc").by_user();
        let sections = examine(&fake.system(), None);
        assert_eq!(sections.len(), 6);
        assert_eq!(count(&sections, Status::Ok), 0, "{sections:?}");
        assert!(count(&sections, Status::Unknown) > 10);
    }

    #[test]
    fn loaded_or_installed_modules_need_no_build() {
        let missing = |fake: &Fake| {
            let sections = examine(&fake.system(), None);
            count(&sections[..1], Status::Missing)
        };
        let fake = Fake::new();
        assert!(missing(&fake) > 2);
        let installed = Fake::new().file(
            "/lib/modules/7.3/modules.dep",
            "updates/dkms/epoch_bench.ko.xz: updates/dkms/epoch.ko.xz\n",
        );
        assert_eq!(missing(&installed), 0);
        let fake = fake.file("/sys/class/misc/epoch_bench/tracker", "mutex\n");
        assert_eq!(missing(&fake), 0);
    }

    #[test]
    fn each_problem_has_a_fix() {
        let sections = examine(&System::this(), None);
        for finding in sections.iter().flat_map(|section| &section.findings) {
            let fixed = finding.fix.as_ref().is_some_and(|fix| !fix.is_empty());
            assert_eq!(fixed, finding.status != Status::Ok, "{finding:?}");
            for text in [Some(&finding.found), finding.fix.as_ref()]
                .into_iter()
                .flatten()
            {
                assert!(!text.is_empty() && !text.contains('\n'), "{finding:?}");
                assert!(!text.ends_with('.'), "{finding:?}");
            }
        }
    }
}
