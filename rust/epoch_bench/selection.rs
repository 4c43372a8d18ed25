// SPDX-License-Identifier: GPL-2.0

//! The trackers, which of them is in use, and by whom: by workers, or by the hook.
//!
//! The tracker may be changed at any time, that of all who follow the knob, or that of one worker. A worker
//! keeps to one tracker for an iteration, and a hooked call to one for its block, so that a block ends
//! where it began; then they go over to the new one. Blocks may be open in several trackers, and a waiter
//! waits in each that has users.

use crate::{
    trackers::{
        Context,
        Kind,
        Trackers,
        Visitor, //
    },
    uapi, //
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
    }, //
};
use kernel_ext::once::Once;

/// The most workers that may run at the same time.
pub(crate) const MAX_WORKERS: u32 = uapi::EPOCH_BENCH_MAX_WORKERS;
// As many places as the hook's tasks have slots.
const _: () = assert!(MAX_WORKERS.is_power_of_two());

/// The trackers, and which of them is in use.
#[pin_data]
pub(crate) struct Selection {
    #[pin]
    pub(crate) trackers: Trackers,
    /// The tracker in use. Written with `state` locked.
    kind: Once,
    /// How many workers have blocks in each tracker. Written with `state` locked.
    users: [Atomic<u32>; Kind::COUNT],
    /// Those of them that follow `kind`. Written with `state` locked.
    followers: [Atomic<u32>; Kind::COUNT],
    #[pin]
    state: Mutex<State>,
    /// A tracker has lost its last follower.
    #[pin]
    moved: CondVar,
}

/// Which tracker a worker is to use: one of its own, or the one that the knob says. May be changed at any
/// time.
pub(crate) struct Wish(Once);

impl Wish {
    /// No [`Kind`] is this.
    const NONE: usize = usize::MAX;

    /// What the knob says.
    pub(crate) const fn new() -> Self {
        Self(Once::new(Self::NONE))
    }

    /// Changes it; none for what the knob says.
    pub(crate) fn set(&self, kind: Option<Kind>) {
        self.0.write(kind.map_or(Self::NONE, |kind| kind as usize));
    }

    #[inline(always)]
    fn get(&self) -> Option<Kind> {
        Kind::ALL.get(self.0.read()).copied()
    }
}

/// Numbers of workers.
pub(crate) struct Workers {
    /// Those that run.
    pub(crate) running: u32,
    /// Those that have begun to, modulo 2^32.
    pub(crate) started: u32,
}

struct State {
    /// The places with the trackers that no worker has. Each worker that runs has one.
    places: KVVec<u32>,
    /// As in [`Workers`].
    started: u32,
    /// What trackers the hook can use, from when it is enabled until it has no blocks left. In that time
    /// there are no workers.
    hooked: Option<MaySleep>,
}

/// Whether the hook's blocks begin and end where a tracker may sleep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MaySleep(pub(crate) bool);

impl MaySleep {
    /// Whether the hook can use this tracker there.
    pub(crate) fn admits(self, kind: Kind) -> bool {
        self.0 || kind.context() != Context::Sleeping
    }
}

/// Why the hook cannot have the trackers.
pub(crate) enum Refusal {
    /// Workers run.
    Workers,
    /// This tracker, which is in use, sleeps.
    Sleeps(Kind),
}

impl State {
    /// Workers that run.
    fn workers(&self) -> u32 {
        MAX_WORKERS - self.places.len() as u32
    }
}

impl Selection {
    /// With this tracker in use at first.
    pub(crate) fn new(kind: Kind) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            trackers <- Trackers::new(MAX_WORKERS as usize),
            kind: Once::new(kind as usize),
            users: [const { Atomic::new(0) }; Kind::COUNT],
            followers: [const { Atomic::new(0) }; Kind::COUNT],
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
                    started: 0,
                    hooked: None,
                },
                "epoch_bench_state"
            ),
            moved <- new_condvar!("epoch_bench_moved"),
        })
    }

    /// The tracker that the knob says. Any context.
    #[inline(always)]
    pub(crate) fn tracker(&self) -> Kind {
        Kind::ALL[self.kind.read()]
    }

    /// The tracker for a worker that wishes so. Any context.
    #[inline(always)]
    pub(crate) fn tracker_for(&self, wish: &Wish) -> Kind {
        wish.get().unwrap_or_else(|| self.tracker())
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> Workers {
        let state = self.state.lock();
        Workers {
            running: state.workers(),
            started: state.started,
        }
    }

    /// Changes the tracker. Returns when no worker that follows it has a block which was opened in another
    /// one, or when it has been changed again; tells whether the hook is enabled, which may have such blocks. May sleep.
    ///
    /// [`EINVAL`] for one that the hook cannot use while that is enabled; [`EINTR`] if a signal came first:
    /// the tracker is the new one then, but blocks of others may be open.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result<bool> {
        let mut state = self.state.lock();
        if state.hooked.is_some_and(|hooked| !hooked.admits(kind)) {
            return Err(EINVAL);
        }
        self.kind.write(kind as usize);
        // For those who wait for another one.
        self.moved.notify_all();
        while self.tracker() == kind && self.has_followers_of_others(kind) {
            if self.moved.wait_interruptible(&mut state) {
                return Err(EINTR);
            }
        }
        Ok(state.hooked.is_some())
    }

    fn has_followers_of_others(&self, kind: Kind) -> bool {
        let others = Kind::ALL.iter().filter(|&&other| other != kind);
        others
            .map(|&other| &self.followers[other as usize])
            .any(|followers| followers.load(Relaxed) > 0)
    }

    /// Admits a worker. [`EUSERS`] if too many run, [`EBUSY`] while the hook is enabled.
    pub(crate) fn admit(&self) -> Result<Place<'_>> {
        let mut state = self.state.lock();
        if state.hooked.is_some() {
            return Err(EBUSY);
        }
        let index = state.places.pop().ok_or(EUSERS)?;
        state.started = state.started.wrapping_add(1);
        // INVARIANT: It was just taken.
        Ok(Place {
            selection: self,
            index,
        })
    }

    /// Keeps workers out, for the hook, whose blocks may sleep as `choose` says of the tracker in use.
    pub(crate) fn keep_workers_out(
        &self,
        choose: impl FnOnce(Kind) -> MaySleep,
    ) -> Result<MaySleep, Refusal> {
        let mut state = self.state.lock();
        if state.workers() > 0 {
            return Err(Refusal::Workers);
        }
        let kind = self.tracker();
        let hooked = choose(kind);
        if !hooked.admits(kind) {
            return Err(Refusal::Sleeps(kind));
        }
        state.hooked = Some(hooked);
        Ok(hooked)
    }

    /// Lets workers in again, when the hook has no blocks any more.
    pub(crate) fn let_workers_in(&self) {
        self.state.lock().hooked = None;
    }

    /// Waits for a page, in this tracker, and in all others that may have a block that has noted it. Tells
    /// whether it had to. Process context; sleeps.
    pub(crate) fn wait(&self, kind: Kind, key: usize) -> bool {
        let mut blocked = false;
        for &each in Kind::ALL {
            // A worker with a block of another tracker is counted there since before the block began,
            // and until it has ended. Pairs with the full ordering in `use_tracker` and `Use::drop`.
            let has_users = self.users[each as usize].load(Acquire) > 0;
            if each == kind || has_users {
                blocked |= self.trackers.wait(each, key);
            }
        }
        blocked
    }
}

/// A worker's place with the trackers.
///
/// # Invariants
///
/// `index` is not in [`State::places`] as long as this lives.
pub(crate) struct Place<'a> {
    selection: &'a Selection,
    index: u32,
}

impl<'a> Place<'a> {
    /// Its number.
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    /// Begins to use the tracker that the worker wishes to.
    pub(crate) fn use_tracker<'b>(&'b self, wish: &'b Wish) -> Use<'b> {
        let _state = self.selection.state.lock();
        let own = wish.get();
        let kind = own.unwrap_or_else(|| self.selection.tracker());
        self.selection.users[kind as usize].fetch_add(1, Full);
        let follows = own.is_none();
        if follows {
            self.selection.followers[kind as usize].fetch_add(1, Relaxed);
        }
        // INVARIANT: It was just counted.
        Use {
            selection: self.selection,
            wish,
            kind,
            follows,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.selection.state.lock();
        // There is room: it was taken from there.
        let _ = state.places.push_within_capacity(self.index);
    }
}

/// A worker that uses a tracker; it has no block open when this is dropped.
///
/// # Invariants
///
/// It is counted in [`Selection::users`] of `kind`, and if it `follows` in [`Selection::followers`].
pub(crate) struct Use<'a> {
    selection: &'a Selection,
    wish: &'a Wish,
    kind: Kind,
    follows: bool,
}

impl Use<'_> {
    /// The tracker.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the worker is to use another tracker by now, or for another reason.
    // Inlined, what it reads would be kept in registers that the loop around a block has a use for.
    #[inline(never)]
    pub(crate) fn is_over(&self) -> bool {
        let wish = self.wish.0.read();
        match wish {
            Wish::NONE => !self.follows || self.selection.kind.read() != self.kind as usize,
            own => self.follows || own != self.kind as usize,
        }
    }

    /// Does something with the tracker.
    pub(crate) fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
        self.selection.trackers.visit(self.kind, visitor)
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        let _state = self.selection.state.lock();
        self.selection.users[self.kind as usize].fetch_sub(1, Full);
        if !self.follows {
            return;
        }
        let followers = self.selection.followers[self.kind as usize].fetch_sub(1, Relaxed);
        if followers == 1 {
            self.selection.moved.notify_all();
        }
    }
}
