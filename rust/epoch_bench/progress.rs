// SPDX-License-Identifier: GPL-2.0

//! Progress of a worker, written by the worker and read by the device; and requests to the worker,
//! the other way round.

use crate::{
    selection::Wish,
    trackers::Kind,
    uapi, //
};
use kernel_ext::{
    barrier::full_barrier,
    once::OnceWord,
    sched, //
};

/// Progress of a worker, and requests to it. On a cache line of its own: other tasks write to it to
/// stop the worker, and to select its tracker.
#[repr(align(64))]
pub(crate) struct Progress {
    iterations: OnceWord,
    state: OnceWord,
    stop: OnceWord,
    /// The tracker that the worker uses.
    tracker: OnceWord,
    /// Twice the number of times that the worker began to use a tracker since the file was opened,
    /// plus one while `tracker` changes.
    turns: OnceWord,
    /// The tracker that the worker shall use.
    pub(crate) wish: Wish,
}

/// Snapshot of a worker's progress.
pub(crate) struct Reading {
    pub(crate) state: uapi::epoch_bench_state,
    pub(crate) iterations: u64,
    /// Number of times that the worker began to use a tracker since the file was opened.
    pub(crate) turns: u32,
    /// The tracker that the worker uses, or used last.
    pub(crate) tracker: Option<Kind>,
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self {
            iterations: OnceWord::new(0),
            state: OnceWord::new(uapi::EPOCH_BENCH_IDLE as usize),
            stop: OnceWord::new(0),
            tracker: OnceWord::new(0),
            turns: OnceWord::new(0),
            wish: Wish::new(),
        }
    }

    /// Begins a run with `tracker`; `None` keeps the last wish.
    pub(crate) fn begin(&self, tracker: Option<Kind>) {
        self.stop.write(0);
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

    /// Asks the worker to stop.
    pub(crate) fn stop(&self) {
        self.stop.write(1);
    }

    /// Returns whether the worker was asked to stop.
    #[inline(always)]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.read() != 0
    }

    /// Records that the worker begins to use a tracker.
    pub(crate) fn use_tracker(&self, kind: Kind) {
        // A writer that is preempted would keep readers waiting.
        let _this_cpu = sched::NoPreemption::new();
        let turns = self.turns.read().wrapping_add(1);
        // Odd while it is changed, as in a seqcount, so that a reader sees no tracker of another
        // turn. Pairs with the barriers in `read`.
        self.turns.exchange(turns);
        self.tracker.write(kind as usize);
        self.turns.write_release(turns.wrapping_add(1));
    }

    /// Returns a consistent snapshot: the iterations are those up to the turn that is read.
    pub(crate) fn read(&self) -> Reading {
        loop {
            let turns = self.turns.read();
            // Pairs with the release in `use_tracker`.
            full_barrier();
            let reading = Reading {
                state: self.state.read() as uapi::epoch_bench_state,
                iterations: self.iterations.read() as u64,
                turns: (turns / 2) as u32,
                tracker: Kind::ALL
                    .get(self.tracker.read())
                    .copied()
                    .filter(|_| turns > 0),
            };
            // Pairs with the full ordering of the exchange in `use_tracker`.
            full_barrier();
            if turns % 2 == 0 && self.turns.read() == turns {
                return reading;
            }
            sched::cpu_relax();
        }
    }

    /// Records the number of completed iterations.
    #[inline(always)]
    pub(crate) fn set_iterations(&self, iterations: u64) {
        self.iterations.write(iterations as usize);
    }
}
