// SPDX-License-Identifier: GPL-2.0

//! What workers, the hook, the device and its attributes share: the trackers, and which of them is in
//! use.
//!
//! The tracker may be changed at any time. A worker keeps to one tracker for an iteration, and a hooked
//! call to one for its block, so that a block ends where it began; then they go over to the new one.
//! Meanwhile blocks are open in several trackers, and whoever waits, waits in each that has users.

use crate::{
    histogram::Histogram,
    hook::Hook,
    trackers::{
        self,
        Context,
        Counters,
        Kind,
        Trackers,
        Visitor, //
    },
    uapi,
    verify::{
        Verifier,
        Watched, //
    }, //
};
use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        CondVar,
        Mutex, //
    },
    ThisModule, //
};
use kernel_ext::{
    clock,
    once::Once, //
};
use pin_init::init_array_from_fn;

/// The most workers that may run at the same time.
pub(crate) const MAX_WORKERS: u32 = uapi::EPOCH_BENCH_MAX_WORKERS;

/// The trackers, and which of them is in use.
#[pin_data]
pub(crate) struct Bench {
    // Before the trackers: it is dropped first.
    #[pin]
    pub(crate) hook: Hook,
    #[pin]
    pub(crate) trackers: Trackers,
    pub(crate) verifier: Verifier,
    waits: [Waits; Kind::COUNT],
    /// The tracker in use. Written with `state` locked.
    kind: Once,
    /// How many workers have blocks in each tracker. Written with `state` locked.
    users: [Atomic<u32>; Kind::COUNT],
    #[pin]
    state: Mutex<State>,
    /// A tracker has lost its last user.
    #[pin]
    moved: CondVar,
}

struct State {
    /// The places, for the trackers and the verifier, that no worker has. Each worker that runs has one.
    places: KVVec<u32>,
    /// The hook is enabled, or was and has blocks left. Then there are no workers.
    hooked: bool,
}

impl State {
    /// Workers that run.
    fn workers(&self) -> u32 {
        MAX_WORKERS - self.places.len() as u32
    }
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
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            hook <- Hook::new(module),
            trackers <- Trackers::new(MAX_WORKERS as usize),
            verifier: Verifier::new(verify, MAX_WORKERS)?,
            waits <- init_array_from_fn(|_| Waits::new()),
            kind: Once::new(kind as usize),
            users: [const { Atomic::new(0) }; Kind::COUNT],
            state <- new_mutex!(
                State {
                    // The lowest is the first to be taken.
                    places: (0..MAX_WORKERS).rev().try_fold(
                        KVVec::with_capacity(MAX_WORKERS as usize, GFP_KERNEL)?,
                        |mut places, place| -> Result<_> {
                            places.push(place, GFP_KERNEL)?;
                            Ok(places)
                        },
                    )?,
                    hooked: false,
                },
                "epoch_bench_state"
            ),
            moved <- new_condvar!("epoch_bench_moved"),
        })
    }

    /// The tracker in use. Any context.
    #[inline(always)]
    pub(crate) fn tracker(&self) -> Kind {
        Kind::ALL[self.kind.read()]
    }

    /// The number of workers that run.
    pub(crate) fn workers(&self) -> u32 {
        self.state.lock().workers()
    }

    /// Changes the tracker. Returns when no block is open that was opened in another one, or when it has
    /// been changed again. May sleep.
    ///
    /// [`EINVAL`] for one that sleeps while the hook is enabled; [`EINTR`] if a signal came first: the
    /// tracker is the new one then, but blocks of others may be open.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result {
        let mut state = self.state.lock();
        if state.hooked && kind.context() == Context::Sleeping {
            return Err(EINVAL);
        }
        self.kind.write(kind as usize);
        // For whoever waits for another one.
        self.moved.notify_all();
        while self.tracker() == kind && self.has_users_of_others(kind) {
            if self.moved.wait_interruptible(&mut state) {
                return Err(EINTR);
            }
        }
        let hooked = state.hooked;
        drop(state);
        if hooked {
            self.hook.drain()?;
        }
        Ok(())
    }

    fn has_users_of_others(&self, kind: Kind) -> bool {
        let others = Kind::ALL.iter().filter(|&&other| other != kind);
        others
            .map(|&other| &self.users[other as usize])
            .any(|users| users.load(Relaxed) > 0)
    }

    /// Admits a worker. [`EUSERS`] if too many run, [`EBUSY`] while the hook is enabled.
    pub(crate) fn admit(&self) -> Result<Admission<'_>> {
        let mut state = self.state.lock();
        if state.hooked {
            return Err(EBUSY);
        }
        let place = state.places.pop().ok_or(EUSERS)?;
        self.verifier.use_place(place);
        // INVARIANT: It was just taken.
        Ok(Admission { bench: self, place })
    }

    /// Keeps workers out, for the hook. [`EBUSY`] while there are some; [`EINVAL`] with a tracker that
    /// sleeps.
    pub(crate) fn keep_workers_out(&self) -> Result {
        let mut state = self.state.lock();
        if state.workers() > 0 {
            pr_err!("hook: cannot be enabled while workers run\n");
            return Err(EBUSY);
        }
        let kind = self.tracker();
        if kind.context() == Context::Sleeping {
            pr_err!(
                "hook: tracker '{}' sleeps, and a probe's handler must not: choose one of: {}\n",
                kind.name(),
                Hookable
            );
            return Err(EINVAL);
        }
        state.hooked = true;
        Ok(())
    }

    /// Lets workers in again, when the hook has no blocks any more.
    pub(crate) fn let_workers_in(&self) {
        self.state.lock().hooked = false;
    }

    /// What a tracker has been through: waits, those of them that could not return at once, and what it
    /// tells itself.
    pub(crate) fn counters(&self, kind: Kind) -> (u64, u64, Counters) {
        let waits = &self.waits[kind as usize];
        (
            waits.all.load(Relaxed),
            waits.blocked.load(Relaxed),
            self.trackers.counters(kind),
        )
    }

    /// How long waits took with this tracker in use.
    pub(crate) fn wait_latencies(&self, kind: Kind) -> &Histogram {
        &self.waits[kind as usize].latencies
    }
}

/// The names of trackers that the hook can be used with, separated by blanks.
struct Hookable;

impl kernel::fmt::Display for Hookable {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        trackers::write_names(f, |kind| kind.context() != Context::Sleeping)
    }
}

/// A worker that was admitted.
///
/// # Invariants
///
/// It has `place`, which is not in [`State::places`] meanwhile.
pub(crate) struct Admission<'a> {
    bench: &'a Bench,
    place: u32,
}

impl<'a> Admission<'a> {
    /// What it was admitted to.
    pub(crate) fn bench(&self) -> &'a Bench {
        self.bench
    }

    /// Its place with the trackers and the verifier.
    pub(crate) fn place(&self) -> u32 {
        self.place
    }

    /// Begins to use the tracker that is in use now.
    pub(crate) fn use_tracker(&self) -> Use<'a> {
        let _state = self.bench.state.lock();
        let kind = self.bench.tracker();
        self.bench.users[kind as usize].fetch_add(1, Full);
        // INVARIANT: It was just counted.
        Use {
            bench: self.bench,
            kind,
        }
    }

    /// Waits for a page, in all trackers that may have a block that has noted it. Process context;
    /// sleeps.
    pub(crate) fn wait(&self, key: usize, watched: &mut Watched) -> Result {
        let bench = self.bench;
        let kind = bench.tracker();
        let verified = bench.verifier.is_on();
        if verified {
            bench.verifier.watch(watched, key)?;
        }
        let start = clock::monotonic_ns();
        let mut blocked = false;
        for &each in Kind::ALL {
            // Who has a block of another tracker is counted there since before the block began, and
            // until it has ended. Pairs with the full ordering in `use_tracker` and `Use::drop`.
            let has_users = bench.users[each as usize].load(Acquire) > 0;
            if each == kind || has_users {
                blocked |= bench.trackers.wait(each, key);
            }
        }
        let took = clock::monotonic_ns() - start;
        if verified {
            bench.verifier.judge(watched, kind);
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

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let mut state = self.bench.state.lock();
        // There is room: it was taken from there.
        let _ = state.places.push_within_capacity(self.place);
    }
}

/// A worker that uses a tracker; it has no block open when this is dropped.
///
/// # Invariants
///
/// It is counted in [`Bench::users`] of `kind`.
pub(crate) struct Use<'a> {
    bench: &'a Bench,
    kind: Kind,
}

impl Use<'_> {
    /// Whether another tracker is in use by now.
    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        self.bench.kind.read() != self.kind as usize
    }

    /// Does something with the tracker.
    pub(crate) fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
        self.bench.trackers.visit(self.kind, visitor)
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        let _state = self.bench.state.lock();
        let users = self.bench.users[self.kind as usize].fetch_sub(1, Full);
        if users == 1 {
            self.bench.moved.notify_all();
        }
    }
}
