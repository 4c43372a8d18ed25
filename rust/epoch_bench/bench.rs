// SPDX-License-Identifier: GPL-2.0

//! State behind the device and its attributes: the selection of a tracker, the hook, the verifier,
//! and statistics of waits.

use crate::{
    histogram::Histogram,
    hook::Hook,
    selection::{
        Place,
        Selection,
        Use,
        Wish,
        Workers, //
    },
    trackers::{
        Counters,
        Kind, //
    },
    verify::{
        Verifier,
        Watched, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    ThisModule, //
};
use kernel_ext::clock;
use pin_init::init_array_from_fn;

pub(crate) use crate::selection::MAX_WORKERS;

/// State of one device.
#[pin_data]
pub(crate) struct Bench {
    #[pin]
    pub(crate) hook: Hook,
    selection: Arc<Selection>,
    pub(crate) verifier: Verifier,
    waits: [Waits; Kind::COUNT],
}

/// Statistics of the waits with one tracker in use.
struct Waits {
    all: Atomic<u64>,
    blocked: Atomic<u64>,
    latencies: Histogram,
}

impl Waits {
    fn new() -> Result<Self> {
        Ok(Self {
            all: Atomic::new(0),
            blocked: Atomic::new(0),
            latencies: Histogram::new()?,
        })
    }
}

impl Bench {
    pub(crate) fn new(
        module: &'static ThisModule,
        kind: Kind,
        verify: bool,
    ) -> Result<impl PinInit<Self, Error>> {
        let selection = Arc::pin_init(Selection::new(kind), GFP_KERNEL)?;
        Ok(try_pin_init!(Self {
            hook <- Hook::new(module, selection.clone()),
            selection,
            verifier: Verifier::new(verify, MAX_WORKERS)?,
            waits <- init_array_from_fn(|_| Waits::new()),
        }))
    }

    /// Returns the tracker that the knob selects. Any context.
    pub(crate) fn tracker(&self) -> Kind {
        self.selection.tracker()
    }

    /// Returns the numbers of workers.
    pub(crate) fn workers(&self) -> Workers {
        self.selection.workers()
    }

    /// Changes the tracker of all users that follow the knob. Returns when none of them has a block
    /// open in another tracker, or when the tracker has been changed again. May sleep.
    ///
    /// Fails with [`EINVAL`] if the hook is enabled and cannot use `kind`, and with [`EINTR`] if a
    /// signal comes first: `kind` is in use then, but blocks of other trackers may be open.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result {
        let is_hooked = self.selection.set_tracker(kind)?;
        if is_hooked {
            self.hook.drain()?;
        }
        Ok(())
    }

    /// Admits a worker. Fails with [`EUSERS`] if too many run, and with [`EBUSY`] while the hook is
    /// enabled.
    pub(crate) fn admit(&self) -> Result<Admission<'_>> {
        let place = self.selection.admit()?;
        self.verifier.use_place(place.index());
        Ok(Admission { bench: self, place })
    }

    /// Returns statistics of a tracker: the number of waits, the number of waits that blocked, and
    /// the tracker's own counters.
    pub(crate) fn counters(&self, kind: Kind) -> (u64, u64, Counters) {
        let waits = &self.waits[kind as usize];
        (
            waits.all.load(Relaxed),
            waits.blocked.load(Relaxed),
            self.selection.trackers.counters(kind),
        )
    }

    /// Returns the latencies of waits with this tracker in use.
    pub(crate) fn wait_latencies(&self, kind: Kind) -> &Histogram {
        &self.waits[kind as usize].latencies
    }
}

/// A worker that was admitted.
pub(crate) struct Admission<'a> {
    bench: &'a Bench,
    place: Place<'a>,
}

impl<'a> Admission<'a> {
    /// Returns the verifier of the worker's blocks.
    pub(crate) fn verifier(&self) -> &'a Verifier {
        &self.bench.verifier
    }

    /// Returns the worker's place with the trackers and the verifier.
    pub(crate) fn place(&self) -> u32 {
        self.place.index()
    }

    /// Begins to use the tracker that `wish` selects.
    pub(crate) fn use_tracker<'b>(&'b self, wish: &'b Wish) -> Use<'b> {
        self.place.use_tracker(wish)
    }

    /// Waits for a page in all trackers that may have a block that noted it. Counts as a wait in
    /// the tracker that `wish` selects. Process context; sleeps.
    pub(crate) fn wait(&self, wish: &Wish, key: usize, watched: &mut Watched) -> Result {
        let bench = self.bench;
        let kind = bench.selection.tracker_for(wish);
        let verified = bench.verifier.is_on();
        if verified {
            bench.verifier.watch(watched, key)?;
        }
        let start = clock::monotonic_ns();
        let blocked = bench.selection.wait(kind, key);
        let took = clock::monotonic_ns() - start;
        if verified {
            bench.verifier.judge(watched);
        }
        if kind.waits() {
            let waits = &bench.waits[kind as usize];
            waits.all.fetch_add(1, Relaxed);
            waits.blocked.fetch_add(blocked.into(), Relaxed);
            waits.latencies.count(took);
        }
        Ok(())
    }
}
