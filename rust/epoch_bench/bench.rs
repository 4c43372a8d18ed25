// SPDX-License-Identifier: GPL-2.0

//! What workers, the device and its attributes share: the trackers, and which of them is in use.

use crate::{
    trackers::{
        Kind,
        Trackers,
        Visitor, //
    },
    uapi, //
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

/// The most workers that may run at the same time.
pub(crate) const MAX_WORKERS: u32 = uapi::EPOCH_BENCH_MAX_WORKERS;

/// The trackers, and which of them is in use.
#[pin_data]
pub(crate) struct Bench {
    #[pin]
    trackers: Trackers,
    #[pin]
    state: Mutex<State>,
}

struct State {
    /// The tracker in use. Not changed while workers run.
    kind: Kind,
    /// Workers that run.
    workers: u32,
}

impl Bench {
    pub(crate) fn new(kind: Kind) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            trackers <- Trackers::new(MAX_WORKERS as usize),
            state <- new_mutex!(State { kind, workers: 0 }, "epoch_bench_state"),
        })
    }

    /// The tracker in use.
    pub(crate) fn tracker(&self) -> Kind {
        self.state.lock().kind
    }

    /// The number of workers that run.
    pub(crate) fn workers(&self) -> u32 {
        self.state.lock().workers
    }

    /// Changes the tracker. [`EBUSY`] while workers run.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result {
        let mut state = self.state.lock();
        if state.workers > 0 {
            return Err(EBUSY);
        }
        state.kind = kind;
        Ok(())
    }

    /// Admits a worker, which keeps the tracker that is in use now. [`EUSERS`] if too many run.
    pub(crate) fn admit(&self) -> Result<Admission<'_>> {
        let mut state = self.state.lock();
        if state.workers >= MAX_WORKERS {
            return Err(EUSERS);
        }
        state.workers += 1;
        // INVARIANT: It was just counted.
        Ok(Admission {
            bench: self,
            kind: state.kind,
        })
    }
}

/// A worker that was admitted.
///
/// # Invariants
///
/// It is counted in [`State::workers`], and `kind` is the tracker in use while it is.
pub(crate) struct Admission<'a> {
    bench: &'a Bench,
    kind: Kind,
}

impl Admission<'_> {
    /// Does something with the tracker.
    pub(crate) fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
        self.bench.trackers.visit(self.kind, visitor)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.bench.state.lock().workers -= 1;
    }
}
