// SPDX-License-Identifier: GPL-2.0

//! Trackers of delayed invalidation (DI).
//!
//! A DI block is the time between the removal of a mapping and the flush that makes the removal
//! true on all CPUs. Whoever wants to use a page again has to wait until the blocks that still have
//! it in a TLB are finished. FreeBSD's amd64 pmap has had two such trackers since 2016, and an
//! experiment of 2018 a third: see `Documentation/trackers.rst`.
//!
//! A new tracker is a file here and a line in `trackers!`.

// No testcase touches pages yet, so that the tests alone call `page` and `wait`; and nobody calls what
// `pin_data` makes for `Trackers`.
#![allow(dead_code)]

use kernel::{
    prelude::*,
    str::BStr, //
};
use kernel_ext::module_param::Named;

mod epoch;
mod epoch_keyed;
mod generations;
mod mutex;
mod none;
mod pages;
mod spin;
mod srcu;

#[cfg(CONFIG_KUNIT = "y")]
pub(crate) use self::{
    epoch::Epoch,
    epoch_keyed::EpochKeyed,
    mutex::Mutex,
    spin::Spin,
    srcu::Srcu, //
};

/// Tracks DI blocks.
pub(crate) trait Tracker: Send + Sync {
    /// An open DI block.
    type Block<'a>
    where
        Self: 'a;

    /// Opens a block. Process context; may sleep if the tracker does.
    fn start(&self) -> Self::Block<'_>;

    /// Notes that `block` has unmapped the page that `key` names.
    fn page(&self, block: &Self::Block<'_>, key: usize);

    /// Closes a block. As [`Tracker::start`].
    fn finish(&self, block: Self::Block<'_>);

    /// Returns when no block is open that was opened, and has noted `key`, before the call. Process
    /// context; sleeps.
    fn wait(&self, key: usize);
}

/// Something to be done with a tracker, compiled for each of them.
pub(crate) trait Visitor {
    type Output;

    fn visit<T: Tracker>(self, tracker: &T) -> Self::Output;
}

/// Makes [`Kind`], which names a tracker, and [`Trackers`], which holds one of each.
macro_rules! trackers {
    ($($field:ident: $kind:ident($name:literal) = $ty:ty,)+) => {
        /// Names a tracker.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Kind {
            $($kind,)+
        }

        impl Kind {
            /// All there are.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind,)+];

            /// What users call it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)+
                }
            }
        }

        /// One tracker of each kind.
        #[pin_data]
        pub(crate) struct Trackers {
            $(#[pin] $field: $ty,)+
        }

        impl Trackers {
            /// Trackers without blocks, of which at most `max_blocks` will be open in one tracker.
            pub(crate) fn new(max_blocks: usize) -> impl PinInit<Self, Error> {
                try_pin_init!(Self {
                    $($field <- <$ty>::new(max_blocks),)+
                })
            }

            /// Does something with one of them.
            pub(crate) fn visit<V: Visitor>(&self, kind: Kind, visitor: V) -> V::Output {
                match kind {
                    $(Kind::$kind => visitor.visit(&self.$field),)+
                }
            }
        }
    };
}

trackers! {
    none: None("none") = none::None,
    mutex: Mutex("mutex") = mutex::Mutex,
    spin: Spin("spin") = spin::Spin,
    epoch: Epoch("epoch") = epoch::Epoch,
    epoch_keyed: EpochKeyed("epoch-keyed") = epoch_keyed::EpochKeyed,
    srcu: Srcu("srcu") = srcu::Srcu,
}

impl Named for Kind {
    fn from_name(name: &BStr) -> Result<Self> {
        for &kind in Self::ALL {
            if **name == *kind.name().as_bytes() {
                return Ok(kind);
            }
        }
        pr_err!("tracker: '{}' is none of: {}\n", name, Names);
        Err(EINVAL)
    }
}

/// The names of all trackers, separated by blanks.
pub(crate) struct Names;

impl kernel::fmt::Display for Names {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        for (i, kind) in Kind::ALL.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(kind.name())?;
        }
        Ok(())
    }
}
