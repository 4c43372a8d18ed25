// SPDX-License-Identifier: MIT OR Apache-2.0

//! State that a worker and its parent exchange through shared memory.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

use nix::errno::Errno;

use crate::shared::Shareable;

/// State of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Not yet ready for orders.
    Starting = 0,
    /// Waiting for orders.
    Ready = 1,
    /// Carrying out a run.
    Running = 2,
    /// Gone, for the reason in [`Slot::failure`].
    Failed = 3,
}

/// Stage at which a worker failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stage {
    /// Setting the CPU affinity.
    Affinity = 1,
    /// Waiting for orders.
    Orders = 2,
    /// Running the testcase.
    Run = 3,
    /// The run ended although it had not been stopped.
    EndedEarly = 4,
    /// The worker's code panicked.
    Panic = 5,
}

/// State of one worker, on cache lines of its own; 256 bytes also avoid the neighbouring line that
/// a prefetcher takes along.
#[repr(C, align(256))]
#[derive(Default)]
pub struct Slot {
    state: AtomicU32,
    stage: AtomicU32,
    errno: AtomicI32,
    stopping: AtomicBool,
    quitting: AtomicBool,
    /// Iterations, if the load counts them here.
    iterations: AtomicU64,
}

// SAFETY: all fields are atomics, for which 0 is a valid value.
unsafe impl Shareable for Slot {}

impl Slot {
    /// Returns the state of the worker. Pairs with [`set_state`](Self::set_state).
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Ready,
            2 => State::Running,
            _ => State::Failed,
        }
    }

    /// Publishes the state and all stores before it. Pairs with [`state`](Self::state).
    pub fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::Release);
    }

    /// Records why the worker has failed.
    pub fn fail(&self, stage: Stage, errno: Errno) {
        self.stage.store(stage as u32, Ordering::Relaxed);
        self.errno.store(errno as i32, Ordering::Relaxed);
        self.set_state(State::Failed);
    }

    /// Returns why the worker has failed, if it has.
    pub fn failure(&self) -> Option<(Stage, Errno)> {
        if self.state() != State::Failed {
            return None;
        }
        let stage = match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Affinity,
            2 => Stage::Orders,
            3 => Stage::Run,
            4 => Stage::EndedEarly,
            _ => Stage::Panic,
        };
        Some((stage, Errno::from_raw(self.errno.load(Ordering::Relaxed))))
    }

    /// Returns whether the run should end. Relaxed: it carries no other data.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Returns whether the worker should exit.
    pub fn is_quitting(&self) -> bool {
        self.quitting.load(Ordering::Relaxed)
    }

    /// Sets whether the run should end.
    pub fn set_stopping(&self, stopping: bool) {
        self.stopping.store(stopping, Ordering::Relaxed);
    }

    /// Ends the run and the worker.
    pub fn quit(&self) {
        self.quitting.store(true, Ordering::Relaxed);
        self.set_stopping(true);
    }

    /// Returns the number of iterations, if the load counts them here.
    pub fn iterations(&self) -> u64 {
        self.iterations.load(Ordering::Relaxed)
    }

    /// Sets the number of iterations. Only the worker writes, so that no atomic addition is needed.
    pub fn set_iterations(&self, iterations: u64) {
        self.iterations.store(iterations, Ordering::Relaxed);
    }
}
