// SPDX-License-Identifier: GPL-2.0

//! The loop of a worker.

use crate::{
    device::Progress,
    trackers::{
        Tracker,
        Visitor, //
    }, //
};
use kernel::prelude::*;
use kernel_ext::{
    clock,
    mm::Mapping,
    sched, //
};

/// What a worker does in each iteration.
#[derive(Clone, Copy)]
pub(crate) enum Testcase {
    /// Maps and unmaps so many bytes that nobody touches.
    Mmap1 { bytes: usize },
    /// Opens and closes a block.
    Di,
}

/// A worker's orders; its progress is written to `progress`.
pub(crate) struct Stress<'a> {
    pub(crate) testcase: Testcase,
    pub(crate) max_iterations: Option<u64>,
    pub(crate) max_duration_ns: Option<u64>,
    pub(crate) progress: &'a Progress,
}

/// What a worker has done.
pub(crate) struct Outcome {
    pub(crate) iterations: u64,
    pub(crate) elapsed_ns: u64,
    /// Why it ended early, if it did.
    pub(crate) result: Result,
}

impl Visitor for Stress<'_> {
    type Output = Outcome;

    fn visit<T: Tracker>(self, tracker: &T) -> Outcome {
        // Iterations between two looks at the clock and at signals: few enough for a stop within
        // microseconds, and so many that the looks do not count.
        match self.testcase {
            Testcase::Mmap1 { bytes } => self.repeat(1, || {
                let mapping = Mapping::anonymous(bytes)?;
                let block = tracker.start();
                let result = mapping.unmap();
                tracker.finish(block);
                result
            }),
            Testcase::Di => self.repeat(64, || {
                tracker.finish(tracker.start());
                Ok(())
            }),
        }
    }
}

impl Stress<'_> {
    #[inline(always)]
    fn repeat(self, batch: u64, mut iteration: impl FnMut() -> Result) -> Outcome {
        let start = clock::monotonic_ns();
        let max_iterations = self.max_iterations.unwrap_or(u64::MAX);
        let max_duration_ns = self.max_duration_ns.unwrap_or(u64::MAX);
        let mut iterations = 0;
        let mut elapsed_ns = 0;
        let mut result = Ok(());

        'run: while iterations < max_iterations
            && elapsed_ns < max_duration_ns
            && !self.progress.is_stopped()
        {
            if current!().signal_pending() {
                result = Err(EINTR);
                break;
            }
            for _ in 0..batch.min(max_iterations - iterations) {
                result = iteration();
                if result.is_err() {
                    break 'run;
                }
                iterations += 1;
                self.progress.set_iterations(iterations);
            }
            sched::cond_resched();
            elapsed_ns = clock::monotonic_ns().saturating_sub(start);
        }
        Outcome {
            iterations,
            elapsed_ns: clock::monotonic_ns().saturating_sub(start),
            result,
        }
    }
}
