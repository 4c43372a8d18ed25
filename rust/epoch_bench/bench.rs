// SPDX-License-Identifier: GPL-2.0

//! What the device and its attributes are of: the selection of a tracker, the hook, the verifier, and
//! the statistics of waits.

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

/// One for each device.
#[pin_data]
pub(crate) struct Bench {
    #[pin]
    pub(crate) hook: Hook,
    selection: Arc<Selection>,
    pub(crate) verifier: Verifier,
    waits: [Waits; Kind::COUNT],
}

/// Waits, by the tracker that was in use.
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

    /// The tracker that the knob says. Any context.
    pub(crate) fn tracker(&self) -> Kind {
        self.selection.tracker()
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> Workers {
        self.selection.workers()
    }

    /// Changes the tracker of all who follow the knob. Returns when none of them has a block open that was
    /// opened in another one, or when it has been changed again. May sleep.
    ///
    /// [`EINVAL`] for one that the hook cannot use while that is enabled; [`EINTR`] if a signal came first:
    /// the tracker is the new one then, but blocks of others may be open.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result {
        let is_hooked = self.selection.set_tracker(kind)?;
        if is_hooked {
            self.hook.drain()?;
        }
        Ok(())
    }

    /// Admits a worker. [`EUSERS`] if too many run, [`EBUSY`] while the hook is enabled.
    pub(crate) fn admit(&self) -> Result<Admission<'_>> {
        let place = self.selection.admit()?;
        self.verifier.use_place(place.index());
        Ok(Admission { bench: self, place })
    }

    /// Statistics of a tracker: waits, those of them that could not return at once, and its own.
    pub(crate) fn counters(&self, kind: Kind) -> (u64, u64, Counters) {
        let waits = &self.waits[kind as usize];
        (
            waits.all.load(Relaxed),
            waits.blocked.load(Relaxed),
            self.selection.trackers.counters(kind),
        )
    }

    /// How long waits took with this tracker in use.
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
    /// The verifier of its blocks.
    pub(crate) fn verifier(&self) -> &'a Verifier {
        &self.bench.verifier
    }

    /// Its place with the trackers and the verifier.
    pub(crate) fn place(&self) -> u32 {
        self.place.index()
    }

    /// Begins to use the tracker that the worker wishes to.
    pub(crate) fn use_tracker<'b>(&'b self, wish: &'b Wish) -> Use<'b> {
        self.place.use_tracker(wish)
    }

    /// Waits for a page, in all trackers that may have a block that has noted it; it is counted as a wait
    /// in the one that the worker wishes to use. Process context; sleeps.
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
