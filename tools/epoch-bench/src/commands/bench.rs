//! Measuring with workers, with or without the module, with or without its hook.

use anyhow::{Context, Result, bail};
use epoch_device::error::usage;
use epoch_device::hook::{Filter, Hook, Mechanism, Target};
use epoch_device::observe::ModuleObserver;
use epoch_load::calibration;
use epoch_load::pool::{Pool, Workers};
use epoch_load::progress::{Part, Progress};
use epoch_load::sampling;
use epoch_load::session::{self, Knobs};
use epoch_load::signals::SignalWatch;
use epoch_results::compare::{Outcome, Plan};
use epoch_results::hook_cost::HookCost;
use epoch_results::options::Options;
use epoch_results::sample::Sample;
use epoch_results::workload::{Where, Workload};
use ministat::{Confidence, MAX_DATASETS, MIN_POINTS};

use super::mechanism::{self, Asked};
use super::module::Module;
use super::setup::{self, say};

/// Most samples that the hook's own cost is measured with.
const CALIBRATION_ROUNDS: usize = 10;

/// What a measurement is made with.
pub struct Bench<'a> {
    /// How.
    pub options: &'a Options,
    /// Absent where no tracker takes part.
    pub module: Option<&'a Module>,
    /// Outlives everything that must be put back.
    pub signals: &'a SignalWatch,
    /// What the calls are hooked with; absent before [`trackers`](Self::trackers)
    /// has chosen it, and where nothing is hooked.
    pub mechanism: Option<Mechanism>,
}

/// What came of each tracker.
pub struct Measured {
    /// In the first comparison.
    pub first: Vec<Outcome>,
    /// In those after it.
    pub repeats: Vec<Vec<Outcome>>,
}

impl Bench<'_> {
    /// The hook, where it takes part: in user space.
    pub fn hook(&self) -> Option<Hook<'_>> {
        let module = self.module?;
        (self.options.r#where == Where::User).then(|| module.hook())
    }

    /// What will be hooked.
    pub fn target(&self) -> Result<Option<Target>> {
        let hook = self.hook().zip(self.mechanism);
        hook.map(|(hook, mechanism)| hook.target_by(mechanism))
            .transpose()
    }

    /// Tells what trackers go through.
    pub fn observer(&self) -> Option<ModuleObserver<'_>> {
        let hook = self.hook();
        self.module.map(|module| ModuleObserver {
            device: &module.device,
            hook,
        })
    }

    /// The trackers that the command line means, at most seven. Chooses the
    /// mechanism that hooks their calls, too.
    pub fn trackers(&mut self, names: &[String], asked: Option<Mechanism>) -> Result<Vec<String>> {
        let Some(module) = self.module else {
            bail!("trackers are measured without the module: this is a bug");
        };
        module.warn_of_verifier()?;
        let trackers = match self.options.r#where {
            Where::Kernel => module.trackers(names)?,
            Where::User => {
                let asked = Asked {
                    mechanism: asked,
                    symbol: None,
                };
                let (trackers, mechanism) = mechanism::choose(module, names, asked)?;
                self.mechanism = Some(mechanism);
                trackers
            }
        };
        if trackers.len() > MAX_DATASETS {
            return Err(usage(format!(
                "{} trackers are too many for one comparison: name at most {MAX_DATASETS}",
                trackers.len()
            )));
        }
        Ok(trackers)
    }

    /// Measures with these workers, idle at first, and with `tracker` selected.
    /// Calls of theirs are hooked where the hook takes part.
    pub fn run<T>(
        &self,
        workload: &Workload,
        tracker: Option<&str>,
        body: impl FnOnce(&mut Workers<'_>) -> Result<T>,
    ) -> Result<T> {
        let hook = self.hook();
        let knobs = Knobs {
            trackers: self.module.map(|module| &module.sysfs as _),
            hook,
        };
        let spawn = || {
            Workers::spawn(
                setup::load(self.options, workload.tasks)?,
                setup::crew(self.options, workload.tasks),
                workload.carrier,
                workload.cpus.clone(),
                self.signals,
            )
        };
        session::measure(knobs, tracker, spawn, |workers| {
            if let (Some(hook), Some(module)) = (hook, self.module) {
                let asked = Asked {
                    mechanism: self.mechanism,
                    symbol: None,
                };
                mechanism::aim(module, asked)?;
                hook.filter(&Filter::own_comm()?)?;
                hook.enable(true)?;
            }
            body(workers)
        })
    }

    /// Compares trackers with these workers, and then so many times more;
    /// `after` may do something with them before they end.
    pub fn compare<T>(
        &self,
        workload: &Workload,
        plan: &Plan,
        repeats: usize,
        progress: &mut dyn Progress,
        after: impl FnOnce(&mut Workers<'_>) -> Result<T>,
    ) -> Result<(Measured, T)> {
        let (Some(module), Some(observer)) = (self.module, self.observer()) else {
            bail!("trackers are compared without the module: this is a bug");
        };
        let first = plan.trackers.first().map(String::as_str);
        self.run(workload, first, |workers| {
            let mut measure = |index| {
                let mut part = Part::new(progress, index, 1 + repeats);
                let trackers = &module.sysfs;
                epoch_load::compare::measure(workers, trackers, &observer, plan, &mut part)
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

    /// What the hook itself costs such workers, where it takes part. Leaves it
    /// disabled.
    pub fn calibrate(
        &self,
        pool: &mut dyn Pool,
        samples: usize,
        confidence: Confidence,
    ) -> Result<Option<HookCost>> {
        let (Some(hook), Some(module)) = (self.hook(), self.module) else {
            return Ok(None);
        };
        say("measuring what the hook itself costs");
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

/// Nanoseconds that an iteration takes a task; none without iterations.
fn per_iteration(sample: &Sample) -> Option<f64> {
    let time: u64 = sample.tasks.iter().map(|task| task.interval_ns).sum();
    let iterations: u64 = sample.tasks.iter().map(|task| task.iterations).sum();
    (iterations > 0).then(|| time as f64 / iterations as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::sample::TaskSample;

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
