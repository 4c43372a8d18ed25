// SPDX-License-Identifier: MIT OR Apache-2.0

//! Profiling of trackers in alternating slices.

use anyhow::Result;
use epoch_device::sysfs::TrackerControl;
use epoch_measure::compare::Plan;
use epoch_measure::compare::Turns;
use epoch_measure::pool::Pool;
use epoch_measure::progress::Progress;
use epoch_measure::sampling;
use epoch_measure::watch::Watch;
use epoch_results::record::Sample;

use crate::perf::program::Recording;

/// Recorder that can be enabled and disabled.
pub trait Recorder {
    /// Starts recording.
    fn enable(&mut self) -> Result<()>;
    /// Stops recording.
    fn disable(&mut self) -> Result<()>;
}

impl Recorder for Recording {
    fn enable(&mut self) -> Result<()> {
        Recording::enable(self)
    }

    fn disable(&mut self) -> Result<()> {
        Recording::disable(self)
    }
}

/// Takes all samples of the plan, each with the recorder of its tracker enabled. Without `control`,
/// no tracker is selected.
///
/// Slices of the trackers alternate, as those of a comparison do, so that drift affects both alike.
pub fn measure(
    pool: &mut dyn Pool,
    control: Option<&dyn TrackerControl>,
    recorders: &mut [impl Recorder],
    plan: &Plan,
    progress: &mut dyn Progress,
    watch: &dyn Watch,
) -> Result<Vec<Vec<Sample>>> {
    let turns = Turns {
        plan,
        watch,
        // Recorded samples cannot be discarded.
        retakes: 0,
    };
    let taken = turns.take(pool, control, progress, |pool, index| {
        recorders[index].enable()?;
        let sample = sampling::take(pool, plan.interval)?;
        recorders[index].disable()?;
        Ok((sample, ()))
    })?;
    let samples = |taken: Vec<(Sample, ())>| taken.into_iter().map(|(sample, ())| sample).collect();
    Ok(taken.into_iter().map(samples).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_measure::pool::fake::{FakePool, FakeTrackers};
    use epoch_measure::progress::Silent;
    use epoch_measure::watch::Unwatched;
    use ministat::Confidence;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    /// Recorder that logs under which tracker it is enabled.
    struct FakeRecorder {
        number: usize,
        trackers: Rc<FakeTrackers>,
        log: Rc<RefCell<Vec<String>>>,
    }

    impl Recorder for FakeRecorder {
        fn enable(&mut self) -> Result<()> {
            let tracker = self.trackers.current()?;
            self.log
                .borrow_mut()
                .push(format!("{}:{tracker}", self.number));
            Ok(())
        }

        fn disable(&mut self) -> Result<()> {
            self.log.borrow_mut().push("off".into());
            Ok(())
        }
    }

    fn plan(trackers: &[&str]) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            testcase: String::new(),
            warmup: 0,
            samples: 2,
            until_percent: None,
            interval: Duration::from_secs(1),
            confidence: Confidence::P95,
        }
    }

    fn profile(pool: &mut FakePool, trackers: &[&str]) -> (Result<Vec<Vec<Sample>>>, String) {
        let control = FakeTrackers::new("spin");
        pool.trackers = Some(control.clone());
        let log = Rc::new(RefCell::default());
        let mut recorders: Vec<_> = (0..trackers.len())
            .map(|number| FakeRecorder {
                number,
                trackers: control.clone(),
                log: Rc::clone(&log),
            })
            .collect();
        let plan = plan(trackers);
        let control = Some(&*control as &dyn TrackerControl);
        let samples = measure(
            pool,
            control,
            &mut recorders,
            &plan,
            &mut Silent,
            &Unwatched,
        );
        let log = log.borrow().join(" ");
        (samples, log)
    }

    #[test]
    fn slices_alternate() {
        let mut pool = FakePool::new(&[1000]);
        let (samples, log) = profile(&mut pool, &["mutex", "epoch"]);
        assert_eq!(log, "0:mutex off 1:epoch off 1:epoch off 0:mutex off");
        let totals = |samples: &[Sample]| -> Vec<u64> {
            samples.iter().map(|sample| sample.total).collect()
        };
        let samples = samples.unwrap();
        assert_eq!(totals(&samples[0]), [500; 2]);
        assert_eq!(totals(&samples[1]), [1000; 2]);
    }

    #[test]
    fn one_tracker_has_all_slices() {
        let (samples, log) = profile(&mut FakePool::new(&[1000]), &["epoch"]);
        assert_eq!(log, "0:epoch off 0:epoch off");
        assert_eq!(samples.unwrap()[0].len(), 2);
    }

    #[test]
    fn an_interruption_ends_it() {
        let mut pool = FakePool::new(&[1000]);
        pool.fail_at_wait = Some((3, host::error::Interrupted.into()));
        let (samples, log) = profile(&mut pool, &["mutex", "epoch"]);
        assert_eq!(samples.unwrap_err().to_string(), "interrupted");
        assert_eq!(log, "0:mutex off 1:epoch");
    }

    #[test]
    fn nothing_is_selected_without_trackers() {
        struct Idle;
        impl Recorder for Idle {
            fn enable(&mut self) -> Result<()> {
                Ok(())
            }
            fn disable(&mut self) -> Result<()> {
                Ok(())
            }
        }
        let mut pool = FakePool::new(&[1000]);
        let (plan, mut idle) = (plan(&["user"]), [Idle]);
        let samples = measure(&mut pool, None, &mut idle, &plan, &mut Silent, &Unwatched);
        assert_eq!(samples.unwrap()[0].len(), 2);
    }
}
