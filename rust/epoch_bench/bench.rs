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

    /// Does something with the tracker in use, as a worker. [`EUSERS`] if too many run.
    pub(crate) fn work<V: Visitor>(&self, visitor: V) -> Result<V::Output> {
        let kind = {
            let mut state = self.state.lock();
            if state.workers >= MAX_WORKERS {
                return Err(EUSERS);
            }
            state.workers += 1;
            state.kind
        };
        let output = self.trackers.visit(kind, visitor);
        self.state.lock().workers -= 1;
        Ok(output)
    }
}
