// SPDX-License-Identifier: GPL-2.0

//! How far a worker is: written by the worker, read by the device. And the other way round, what the worker
//! is to do next.

use crate::{
    selection::Wish,
    trackers::Kind,
    uapi, //
};
use kernel_ext::once::Once;

/// On a cache line that only the worker writes while it runs.
#[repr(align(64))]
pub(crate) struct Progress {
    iterations: Once,
    state: Once,
    stop: Once,
    /// The tracker that the worker uses.
    tracker: Once,
    /// How often it has begun to use one.
    turns: Once,
    /// The tracker that it is to use.
    pub(crate) wish: Wish,
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self {
            iterations: Once::new(0),
            state: Once::new(uapi::EPOCH_BENCH_IDLE as usize),
            stop: Once::new(0),
            tracker: Once::new(0),
            turns: Once::new(0),
            wish: Wish::new(),
        }
    }

    /// Begins a run with this tracker; none for the one that the last wish says.
    pub(crate) fn begin(&self, tracker: Option<Kind>) {
        self.stop.write(0);
        self.turns.write(0);
        if tracker.is_some() {
            self.wish.set(tracker);
        }
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

    /// The worker begins to use a tracker.
    pub(crate) fn use_tracker(&self, kind: Kind) {
        self.tracker.write(kind as usize);
        self.turns.write(self.turns.read().wrapping_add(1));
    }

    /// The tracker that the worker uses, or has used last, and how often it has begun to use one in this
    /// run.
    pub(crate) fn tracker(&self) -> (Option<Kind>, u32) {
        let turns = self.turns.read() as u32;
        let kind = Kind::ALL.get(self.tracker.read()).copied();
        (kind.filter(|_| turns > 0), turns)
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
