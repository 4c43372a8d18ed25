// SPDX-License-Identifier: GPL-2.0

//! The trackers, and the selection of the one that workers or the hook use.
//!
//! The tracker may change at any time, for all users that follow the knob, or for one worker. A
//! worker keeps to one tracker for an iteration, and a hooked call to one for its block, so that a
//! block ends in the tracker where it began; after that they switch to the new one. Blocks may be
//! open in several trackers at a time, and a waiter waits in each that has users.

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
use kernel_ext::{
    compat::eusers,
    once::OnceWord, //
};

/// Maximum number of concurrent workers.
pub(crate) const MAX_WORKERS: u32 = uapi::EPOCH_BENCH_MAX_WORKERS;
// As many places as the hook's tasks have slots.
const _: () = assert!(MAX_WORKERS.is_power_of_two());

/// The trackers, and the selection of the one in use.
#[pin_data]
pub(crate) struct Selection {
    #[pin]
    pub(crate) trackers: Trackers,
    /// The tracker in use. Written with `state` locked.
    kind: OnceWord,
    /// Number of workers that may have blocks in each tracker. Written with `state` locked.
    users: [Atomic<u32>; Kind::COUNT],
    /// Number of workers in each tracker that follow `kind`. Written with `state` locked.
    followers: [Atomic<u32>; Kind::COUNT],
    #[pin]
    state: Mutex<State>,
    /// Notified when a tracker loses its last follower, and when `kind` changes.
    #[pin]
    moved: CondVar,
}

/// The tracker that a worker shall use: one of its own, or the one that the knob selects. May be
/// changed at any time.
pub(crate) struct Wish(OnceWord);

impl Wish {
    /// A value that is no [`Kind`]: the worker follows the knob.
    const NONE: usize = usize::MAX;

    /// Creates a wish that follows the knob.
    pub(crate) const fn new() -> Self {
        Self(OnceWord::new(Self::NONE))
    }

    /// Wishes for `kind`; `None` follows the knob.
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
    /// Workers that run.
    pub(crate) running: u32,
    /// Workers that have begun to run, modulo 2^32.
    pub(crate) started: u32,
}

struct State {
    /// Free places with the trackers. Each worker that runs has one of the others.
    places: KVVec<u32>,
    /// Workers that have begun to run, modulo 2^32.
    started: u32,
    /// Tells which trackers the hook can use, from when it is enabled until its last block has
    /// ended. No workers run in that time.
    hooked: Option<MaySleep>,
}

/// Context of the hook's blocks: `true` if a tracker may sleep where they begin and end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MaySleep(pub(crate) bool);

impl MaySleep {
    /// Returns whether the hook can use this tracker in such blocks.
    pub(crate) fn admits(self, kind: Kind) -> bool {
        self.0 || kind.context() != Context::Sleeping
    }
}

/// Reason why the hook cannot use the trackers.
pub(crate) enum Refusal {
    /// Workers run.
    Workers,
    /// The tracker in use, which is this one, sleeps.
    Sleeps(Kind),
}

impl State {
    /// Returns the number of workers that run.
    fn workers(&self) -> u32 {
        MAX_WORKERS - self.places.len() as u32
    }
}

impl Selection {
    /// Creates a selection with this tracker in use.
    pub(crate) fn new(kind: Kind) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            trackers <- Trackers::new(MAX_WORKERS as usize),
            kind: OnceWord::new(kind as usize),
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

    /// Returns the tracker that the knob selects. Any context.
    #[inline(always)]
    pub(crate) fn tracker(&self) -> Kind {
        Kind::ALL[self.kind.read()]
    }

    /// Returns the tracker that `wish` selects. Any context.
    #[inline(always)]
    pub(crate) fn tracker_for(&self, wish: &Wish) -> Kind {
        wish.get().unwrap_or_else(|| self.tracker())
    }

    /// Returns the numbers of workers.
    pub(crate) fn workers(&self) -> Workers {
        let state = self.state.lock();
        Workers {
            running: state.workers(),
            started: state.started,
        }
    }

    /// Changes the tracker. Returns when no worker that follows it has a block open in another
    /// tracker, or when the tracker has been changed again. Returns whether the hook is enabled: it
    /// may have such blocks. May sleep.
    ///
    /// Fails with [`EINVAL`] if the hook is enabled and cannot use `kind`, and with [`EINTR`] if a
    /// signal comes first: `kind` is in use then, but blocks of other trackers may be open.
    pub(crate) fn set_tracker(&self, kind: Kind) -> Result<bool> {
        let mut state = self.state.lock();
        if state.hooked.is_some_and(|hooked| !hooked.admits(kind)) {
            return Err(EINVAL);
        }
        self.kind.write(kind as usize);
        // Wakes callers that wait for an earlier change.
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

    /// Admits a worker. Fails with [`EUSERS`] if too many run, and with [`EBUSY`] while the hook is
    /// enabled.
    pub(crate) fn admit(&self) -> Result<Place<'_>> {
        let mut state = self.state.lock();
        if state.hooked.is_some() {
            return Err(EBUSY);
        }
        let index = state.places.pop().ok_or_else(eusers)?;
        state.started = state.started.wrapping_add(1);
        // INVARIANT: It was just taken.
        Ok(Place {
            selection: self,
            index,
        })
    }

    /// Keeps workers out, for the hook. `choose` says, for the tracker in use, whether the hook's
    /// blocks may sleep.
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

    /// Lets workers in again, once the hook has no blocks left.
    pub(crate) fn let_workers_in(&self) {
        self.state.lock().hooked = None;
    }

    /// Waits for a page in `kind`, and in all other trackers that may have a block that noted it.
    /// Returns whether it blocked. Process context; sleeps.
    pub(crate) fn wait(&self, kind: Kind, key: usize) -> bool {
        let mut blocked = false;
        for &each in Kind::ALL {
            // A worker with a block of another tracker is counted there since before the block
            // began, until it has ended. Pairs with the full ordering in `use_tracker` and
            // `Use::drop`.
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
    /// Returns the place's number.
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    /// Begins to use the tracker that `wish` selects.
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
/// The worker is counted in [`Selection::users`] of `kind`, and if it `follows` in
/// [`Selection::followers`].
pub(crate) struct Use<'a> {
    selection: &'a Selection,
    wish: &'a Wish,
    kind: Kind,
    follows: bool,
}

impl Use<'_> {
    /// Returns the tracker.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns whether the worker shall use another tracker by now, or the same one as a follower
    /// of the knob instead of its own choice, or the reverse.
    // Inlined, it would occupy registers that the loop around a block needs.
    #[inline(never)]
    pub(crate) fn is_over(&self) -> bool {
        let wish = self.wish.0.read();
        match wish {
            Wish::NONE => !self.follows || self.selection.kind.read() != self.kind as usize,
            own => self.follows || own != self.kind as usize,
        }
    }

    /// Calls `visitor` with the tracker.
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
