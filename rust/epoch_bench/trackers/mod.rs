// SPDX-License-Identifier: GPL-2.0

//! Trackers of delayed invalidation (DI).
//!
//! A DI block is the time between the removal of a mapping and the flush that makes the removal
//! true on all CPUs. A page may be reused only when the blocks that still have it in a TLB are
//! finished. FreeBSD's amd64 pmap has had two such trackers since 2016, and an experiment of 2018 a
//! third: see `Documentation/trackers.rst`.
//!
//! A new tracker is a file here and a line in `trackers!`.

// `pin_data` generates functions for `Trackers` that nothing calls.
#![expect(dead_code)]

use kernel::{
    prelude::*,
    str::BStr, //
};
use kernel_ext::{
    compat::eopnotsupp,
    module_param::Named, //
};

#[cfg(any(CONFIG_KUNIT = "y", epoch_bench_busted))]
mod busted;
mod epoch;
mod epoch_keyed;
mod generations;
mod list;
mod lockless;
mod mutex;
mod none;
mod pages;
pub(crate) mod places;
mod spin;
mod spin_percpu;
mod srcu;
mod waiters;

#[cfg(CONFIG_KUNIT = "y")]
pub(crate) use self::{
    busted::Busted,
    epoch::Epoch,
    epoch_keyed::EpochKeyed,
    lockless::Lockless,
    mutex::Mutex,
    spin::Spin,
    spin_percpu::SpinPercpu,
    srcu::{
        Srcu,
        SrcuExpedited, //
    }, //
};

/// Context in which blocks may begin and end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Context {
    /// In a task that may sleep.
    Sleeping,
    /// In a task, which no interrupt may disturb while the tracker is at work.
    Task,
    /// Any context.
    Any,
}

/// One block out of this many takes part in the statistics, which cost too much for all.
const SAMPLED: usize = 64;

/// Statistics of a tracker.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    /// Maximum number of blocks open at the same time, in a tracker with a list of them; in
    /// `lockless`, the longest walk. Of those in [`SAMPLED`].
    pub(crate) longest_queue: u64,
    /// Number of times that a walk along the list was restarted.
    pub(crate) restarts: u64,
    /// Number of blocks that found the list's lock taken when they began, estimated by those in
    /// [`SAMPLED`].
    pub(crate) contended: u64,
}

/// Tracks DI blocks.
pub(crate) trait Tracker: Send + Sync {
    /// An open DI block. It ends in the task in which it began.
    type Block<'a>
    where
        Self: 'a;

    /// Context in which blocks may begin and end.
    const CONTEXT: Context;

    /// `true` if [`Tracker::wait`] waits at all.
    const WAITS: bool = true;

    /// `true` if [`Tracker::start`] uses the place that it is given.
    const HAS_PLACES: bool = false;

    /// Returns whether this CPU supports the tracker.
    fn is_supported() -> bool {
        true
    }

    /// Opens a block in `place`, which is less than the number of places of the tracker. In the
    /// tracker's [`Context`].
    ///
    /// # Safety
    ///
    /// The place is the caller's, and no other block of the tracker is open there.
    unsafe fn start(&self, place: u32) -> Self::Block<'_>;

    /// Notes that `block` has unmapped the page that `key` names.
    fn page(&self, block: &Self::Block<'_>, key: usize);

    /// Closes a block. In the tracker's [`Context`].
    ///
    /// # Safety
    ///
    /// `block` was opened in this tracker.
    unsafe fn finish(&self, block: Self::Block<'_>);

    /// Waits until no block is open that was opened, and has noted `key`, before the call. Returns
    /// whether it blocked. Process context; sleeps.
    fn wait(&self, key: usize) -> bool;

    /// Returns the tracker's statistics.
    fn counters(&self) -> Counters {
        Counters::default()
    }
}

/// A function of a tracker, compiled for each of them.
pub(crate) trait Visitor {
    type Output;

    fn visit<T: Tracker>(self, tracker: &T) -> Self::Output;
}

/// Defines [`Kind`], which names a tracker, [`Trackers`], which holds one of each, and [`Block`], a
/// block of any of them.
macro_rules! trackers {
    ($($field:ident: $kind:ident($name:literal) = $ty:ty,)+) => {
        /// Names a tracker.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Kind {
            $($kind,)+
        }

        impl Kind {
            /// All trackers.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind,)+];

            /// Returns the tracker's name, as users know it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)+
                }
            }

            /// Returns the context in which the tracker's blocks may begin and end.
            #[inline(always)]
            pub(crate) fn context(self) -> Context {
                match self {
                    $(Kind::$kind => <$ty as Tracker>::CONTEXT,)+
                }
            }

            /// Returns whether the tracker's blocks can be waited for.
            pub(crate) fn waits(self) -> bool {
                match self {
                    $(Kind::$kind => <$ty as Tracker>::WAITS,)+
                }
            }

            /// Returns whether the tracker's blocks have places.
            #[inline(always)]
            pub(crate) fn has_places(self) -> bool {
                match self {
                    $(Kind::$kind => <$ty as Tracker>::HAS_PLACES,)+
                }
            }

            /// Returns whether this CPU supports the tracker.
            pub(crate) fn is_supported(self) -> bool {
                match self {
                    $(Kind::$kind => <$ty as Tracker>::is_supported(),)+
                }
            }
        }

        /// An open block of some tracker.
        pub(crate) enum Block<'a> {
            $($kind(<$ty as Tracker>::Block<'a>),)+
        }

        impl Block<'_> {
            /// Returns the block's tracker.
            #[inline(always)]
            pub(crate) fn kind(&self) -> Kind {
                match self {
                    $(Block::$kind(_) => Kind::$kind,)+
                }
            }
        }

        /// One tracker of each kind.
        #[pin_data]
        pub(crate) struct Trackers {
            $(#[pin] $field: $ty,)+
        }

        impl Trackers {
            /// Creates trackers without blocks, each with `places` places.
            pub(crate) fn new(places: usize) -> impl PinInit<Self, Error> {
                try_pin_init!(Self {
                    $($field <- <$ty>::new(places),)+
                })
            }

            /// Calls `visitor` with a tracker.
            pub(crate) fn visit<V: Visitor>(&self, kind: Kind, visitor: V) -> V::Output {
                match kind {
                    $(Kind::$kind => visitor.visit(&self.$field),)+
                }
            }

            /// Opens a block in a tracker, as [`Tracker::start`] does.
            ///
            /// # Safety
            ///
            /// The place is the caller's, and no other block of that tracker is open there.
            #[inline(always)]
            pub(crate) unsafe fn start(&self, kind: Kind, place: u32) -> Block<'_> {
                match kind {
                    // SAFETY: The caller has the place, without another block of this tracker.
                    $(Kind::$kind => Block::$kind(unsafe { self.$field.start(place) }),)+
                }
            }

            /// Closes a block, as [`Tracker::finish`] does.
            ///
            /// # Safety
            ///
            /// `block` was opened in these trackers.
            #[inline(always)]
            pub(crate) unsafe fn finish(&self, block: Block<'_>) {
                match block {
                    // SAFETY: The block was opened in this tracker, as this function requires.
                    $(Block::$kind(block) => unsafe { self.$field.finish(block) },)+
                }
            }

            /// Waits for a page in a tracker, as [`Tracker::wait`] does.
            pub(crate) fn wait(&self, kind: Kind, key: usize) -> bool {
                match kind {
                    $(Kind::$kind => self.$field.wait(key),)+
                }
            }

            /// Returns a tracker's statistics.
            pub(crate) fn counters(&self, kind: Kind) -> Counters {
                match kind {
                    $(Kind::$kind => self.$field.counters(),)+
                }
            }
        }
    };
}

/// Passes the trackers, and those that are there for tests only, to `trackers!`.
macro_rules! all {
    ($($for_tests:tt)*) => {
        trackers! {
            none: None("none") = none::None,
            mutex: Mutex("mutex") = mutex::Mutex,
            spin: Spin("spin") = spin::Spin,
            spin_percpu: SpinPercpu("spin-percpu") = spin_percpu::SpinPercpu,
            lockless: Lockless("lockless") = lockless::Lockless,
            epoch: Epoch("epoch") = epoch::Epoch,
            epoch_keyed: EpochKeyed("epoch-keyed") = epoch_keyed::EpochKeyed,
            srcu: Srcu("srcu") = srcu::Srcu,
            srcu_expedited: SrcuExpedited("srcu-expedited") = srcu::SrcuExpedited,
            $($for_tests)*
        }
    };
}

#[cfg(not(any(CONFIG_KUNIT = "y", epoch_bench_busted)))]
all! {}
#[cfg(any(CONFIG_KUNIT = "y", epoch_bench_busted))]
all! {
    busted: Busted("busted") = busted::Busted,
}

impl Kind {
    /// Number of trackers.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// Returns all trackers that this CPU supports.
    pub(crate) fn available() -> impl Iterator<Item = Kind> {
        Self::ALL.iter().copied().filter(|kind| kind.is_supported())
    }
}

impl Named for Kind {
    fn from_name(name: &BStr) -> Result<Self> {
        match Self::ALL
            .iter()
            .find(|kind| **name == *kind.name().as_bytes())
        {
            Some(kind) if kind.is_supported() => Ok(*kind),
            Some(kind) => {
                pr_err!(
                    "tracker: '{}' needs an x86-64 CPU with cmpxchg16b\n",
                    kind.name()
                );
                Err(eopnotsupp())
            }
            None => {
                pr_err!("tracker: '{}' is none of: {}\n", name, Names);
                Err(EINVAL)
            }
        }
    }
}

/// Names of all available trackers, separated by blanks.
pub(crate) struct Names;

impl kernel::fmt::Display for Names {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        write_names(f, |_| true)
    }
}

/// Writes the names of the available trackers that `is_meant` accepts, separated by blanks.
pub(crate) fn write_names(
    f: &mut kernel::fmt::Formatter<'_>,
    is_meant: impl Fn(Kind) -> bool,
) -> kernel::fmt::Result {
    for (i, kind) in Kind::available().filter(|kind| is_meant(*kind)).enumerate() {
        if i > 0 {
            f.write_str(" ")?;
        }
        f.write_str(kind.name())?;
    }
    Ok(())
}
