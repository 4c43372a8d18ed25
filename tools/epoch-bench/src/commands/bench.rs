// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measuring with workers, with or without the module, with or without its hook.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use epoch_device::hook::{Filter, Hook, Mechanism, Target};
use epoch_device::observe::ModuleObserver;
use epoch_device::sysfs::TrackerControl;
use epoch_measure::calibration;
use epoch_measure::compare::{Outcome, Plan};
use epoch_measure::pool::{Load, OwnTrackers, Pool, UserLoad, Workers};
use epoch_measure::progress::{Part, Progress};
use epoch_measure::sampling;
use epoch_measure::session::{self, Knobs};
use epoch_measure::signals::SignalWatch;
use epoch_results::record::{HookCost, MAX_TRACKERS, Options, Sample, Where, Workload};
use host::activity::SystemMeter;
use host::error::usage;
use ministat::{Confidence, MIN_POINTS};

use super::conditions::Conditions;
use super::mechanism::{self, Asked};
use super::module::Module;
use super::setup::{self, say};

/// Maximum number of samples for measuring the hook's own cost.
const CALIBRATION_ROUNDS: usize = 10;

/// Setup of a measurement.
pub struct Bench<'a> {
    /// Measurement options.
    pub options: &'a Options,
    /// Module; `None` if no tracker is used.
    pub module: Option<&'a Module>,
    /// Signals; outlives everything that must be restored.
    pub signals: &'a SignalWatch,
    /// Mechanism that hooks the calls; `None` before [`trackers`](Self::trackers) has chosen it,
    /// and if nothing is hooked.
    pub mechanism: Option<Mechanism>,
}

/// Controls of a running measurement.
pub struct Control<'a> {
    /// Tracker selection of the workers, or of sysfs; `None` if no tracker is used.
    pub trackers: Option<&'a dyn TrackerControl>,
    /// Conditions that must not change.
    pub conditions: Conditions<'a>,
}

/// Outcomes of all trackers.
pub struct Measured {
    /// Outcomes of the first comparison.
    pub first: Vec<Outcome>,
    /// Outcomes of the repeated comparisons.
    pub repeats: Vec<Vec<Outcome>>,
}

impl Bench<'_> {
    /// Returns the hook, if it is used: in user space.
    pub fn hook(&self) -> Option<Hook<'_>> {
        let module = self.module?;
        (self.options.r#where == Where::User).then(|| module.hook())
    }

    /// Returns the target that will be hooked.
    pub fn target(&self) -> Result<Option<Target>> {
        let hook = self.hook().zip(self.mechanism);
        hook.map(|(hook, mechanism)| hook.target_by(mechanism))
            .transpose()
    }

    /// Returns an observer of the trackers' statistics.
    pub fn observer(&self) -> Option<ModuleObserver<'_>> {
        let hook = self.hook();
        self.module.map(|module| ModuleObserver {
            device: &module.device,
            hook,
        })
    }

    /// Returns the trackers that the command line names, at most nine. Also chooses the mechanism
    /// that hooks their calls.
    pub fn trackers(&mut self, names: &[String], asked: Option<Mechanism>) -> Result<Vec<String>> {
        let Some(module) = self.module else {
            bail!("trackers are measured without the module: this is a bug");
        };
        module.warn_of_verifier()?;
        let trackers = match self.options.r#where {
            Where::Kernel => module.trackers(names)?,
            Where::User => {
                module.hold_hook()?;
                let asked = Asked {
                    mechanism: asked,
                    symbol: None,
                };
                let (trackers, mechanism) = mechanism::choose(module, names, asked)?;
                self.mechanism = Some(mechanism);
                trackers
            }
        };
        if trackers.len() > MAX_TRACKERS {
            return Err(usage(format!(
                "{} trackers are too many for one comparison: name at most {MAX_TRACKERS}",
                trackers.len()
            )));
        }
        Ok(trackers)
    }

    /// Runs `body` with workers, idle at first, and with `tracker` selected, in the kernel for
    /// these workers alone; without `tracker`, they follow sysfs. Their calls are hooked if the
    /// hook is used.
    pub fn run<T>(
        &self,
        workload: &Workload,
        tracker: Option<&str>,
        body: impl FnOnce(&mut Workers<'_>, &Control<'_>) -> Result<T>,
    ) -> Result<T> {
        let hook = self.hook();
        let kernel = setup::load_in_kernel(self.options, workload.tasks)?;
        let own = kernel.as_deref().zip(self.module);
        let own = own.map(|(load, module)| OwnTrackers::new(load, &module.sysfs));
        let knobs = Knobs {
            // Workers with trackers of their own leave sysfs alone.
            trackers: self
                .module
                .filter(|_| own.is_none())
                .map(|module| &module.sysfs as _),
            hook,
        };
        let crew = setup::crew(self.options, workload.tasks);
        let running = kernel.as_ref().map_or(0, |_| crew.tasks + crew.waiters);
        let by_knob = own.is_none() || tracker.is_none();
        let control = Control {
            trackers: match &own {
                Some(own) => Some(own),
                None => knobs.trackers,
            },
            conditions: Conditions::new(self.module, by_knob, hook.is_some(), running)?,
        };
        let spawn = || {
            let load: Arc<dyn Load> = match kernel {
                Some(ref load) => load.clone(),
                None => Arc::new(UserLoad::new(self.options.testcase, self.options.pages)?),
            };
            if let (Some(own), Some(tracker)) = (&own, tracker) {
                own.select(tracker)?;
            }
            Workers::spawn(
                load,
                crew,
                workload.carrier,
                workload.cpus.clone(),
                self.signals,
            )
        };
        let by_sysfs = tracker.filter(|_| own.is_none());
        session::measure(knobs, by_sysfs, spawn, |workers| {
            if let (Some(hook), Some(module)) = (hook, self.module) {
                let asked = Asked {
                    mechanism: self.mechanism,
                    symbol: None,
                };
                mechanism::aim(module, asked)?;
                hook.filter(&Filter::own_comm()?)?;
                hook.enable(true)?;
            }
            body(workers, &control)
        })
    }

    /// Compares trackers with these workers, then again `repeats` times. `after` may use the
    /// workers before they end.
    pub fn compare<T>(
        &self,
        workload: &Workload,
        plan: &Plan,
        repeats: usize,
        progress: &mut dyn Progress,
        after: impl FnOnce(&mut Workers<'_>) -> Result<T>,
    ) -> Result<(Measured, T)> {
        let Some(observer) = self.observer() else {
            bail!("trackers are compared without the module: this is a bug");
        };
        let first = plan.trackers.first().map(String::as_str);
        self.run(workload, first, |workers, control| {
            let Control {
                trackers: Some(trackers),
                conditions,
            } = control
            else {
                bail!("trackers are compared without the module: this is a bug");
            };
            let meter = SystemMeter::open();
            let mut measure = |index| {
                if index > 0 {
                    conditions.restart();
                }
                let mut part = Part::new(progress, index, 1 + repeats);
                let part = &mut part;
                epoch_measure::compare::measure(
                    workers, *trackers, &observer, &meter, plan, part, conditions,
                )
            };
            let measured = measure(0).and_then(|first| {
                Ok(Measured {
                    first,
                    repeats: (1..=repeats).map(measure).collect::<Result<_>>()?,
                })
            });
            progress.finish();
            Ok((measured?, after(workers)?))
        })
    }

    /// Measures the hook's own cost for such workers, if the hook is used. Leaves it disabled.
    pub fn calibrate(
        &self,
        pool: &mut dyn Pool,
        samples: usize,
        confidence: Confidence,
    ) -> Result<Option<HookCost>> {
        let (Some(hook), Some(module)) = (self.hook(), self.module) else {
            return Ok(None);
        };
        say("measuring the cost of the hook itself");
        let rounds = samples.clamp(MIN_POINTS, CALIBRATION_ROUNDS);
        let interval = self.options.interval();
        pool.start()?;
        let cost = calibration::calibrate(hook, &module.sysfs, rounds, confidence, || {
            pool.wait(interval / 10)?;
            let sample = sampling::take(pool, interval)?;
            per_iteration(&sample).context(
                "no iteration was completed in a sample: take fewer tasks, or a longer \
                 --interval-ms",
            )
        })?;
        pool.stop()?;
        Ok(cost)
    }
}

/// Returns the nanoseconds that an iteration takes a task; `None` without iterations.
fn per_iteration(sample: &Sample) -> Option<f64> {
    let time: u64 = sample.tasks.iter().map(|task| task.interval_ns).sum();
    let iterations: u64 = sample.tasks.iter().map(|task| task.iterations).sum();
    (iterations > 0).then(|| time as f64 / iterations as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::record::TaskSample;

    #[test]
    fn time_per_iteration_is_that_of_a_task() {
        let task = |iterations| TaskSample {
            iterations,
            interval_ns: 1000,
            per_second: 0,
        };
        let sample = |tasks| Sample {
            min: 0,
            max: 0,
            total: 0,
            tasks,
        };
        assert_eq!(per_iteration(&sample(vec![task(10), task(30)])), Some(50.0));
        assert_eq!(per_iteration(&sample(vec![task(0)])), None);
    }
}
