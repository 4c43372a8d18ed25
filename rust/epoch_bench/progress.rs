// SPDX-License-Identifier: GPL-2.0

//! How far a worker is: written by the worker, read by the device.

use crate::uapi;
use kernel_ext::once::Once;

/// On a cache line that only the worker writes while it runs.
#[repr(align(64))]
pub(crate) struct Progress {
    iterations: Once,
    state: Once,
    stop: Once,
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self {
            iterations: Once::new(0),
            state: Once::new(uapi::EPOCH_BENCH_IDLE as usize),
            stop: Once::new(0),
        }
    }

    /// Begins a run.
    pub(crate) fn begin(&self) {
        self.stop.write(0);
        self.set_iterations(0);
        self.set_state(uapi::EPOCH_BENCH_RUNNING);
    }

    /// Ends a run.
    pub(crate) fn end(&self) {
        self.set_state(uapi::EPOCH_BENCH_DONE);
    }

    fn set_state(&self, state: uapi::epoch_bench_state) {
        self.state.write(state as usize);
    }

    /// The state of the run.
    pub(crate) fn state(&self) -> uapi::epoch_bench_state {
        self.state.read() as uapi::epoch_bench_state
    }

    /// Asks the worker to stop.
    pub(crate) fn stop(&self) {
        self.stop.write(1);
    }

    /// Whether the worker is to stop.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.read() != 0
    }

    /// Iterations that are completed.
    pub(crate) fn iterations(&self) -> u64 {
        self.iterations.read() as u64
    }

    /// Notes how many iterations are completed.
    #[inline(always)]
    pub(crate) fn set_iterations(&self, iterations: u64) {
        self.iterations.write(iterations as usize);
    }
}
