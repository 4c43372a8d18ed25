// SPDX-License-Identifier: MIT OR Apache-2.0

//! Resuming a sweep that was interrupted: the missing numbers of tasks, and the environment that
//! it may be resumed in.

use anyhow::{Result, bail, ensure};
use host::environment::Environment;

use super::SweepReport;

impl SweepReport {
    /// Returns the numbers of tasks that have not been measured.
    pub fn missing(&self) -> Vec<usize> {
        let asked = self.settings.iter().flat_map(|settings| &settings.tasks);
        let measured = |tasks: &usize| {
            let mut points = self.points.iter();
            points.any(|point| point.workload.tasks == *tasks)
        };
        asked.copied().filter(|tasks| !measured(tasks)).collect()
    }

    /// Refuses to combine results of different machines, kernels or trackers into one curve.
    pub fn check_place(&self, now: &Environment, trackers: &[String]) -> Result<()> {
        let before = &self.environment;
        for (what, before, now) in [
            ("kernel", &before.kernel, &now.kernel),
            (
                "number of CPUs",
                &before.online_cpus.to_string(),
                &now.online_cpus.to_string(),
            ),
            ("CPU", &before.cpu_model, &now.cpu_model),
            ("machine", &before.machine, &now.machine),
        ] {
            ensure!(
                before == now,
                "the {what} was {before} when the sweep began, and is {now}: resume it where it \
                 began, or start again with --json"
            );
        }
        for point in &self.points {
            let measured = point.trackers.iter().map(|report| &report.tracker);
            if !measured.eq(trackers) {
                bail!(
                    "the trackers are not those that the sweep began with, but {}: load the same \
                     module, or start again with --json",
                    trackers.join(", ")
                );
            }
        }
        Ok(())
    }
}
