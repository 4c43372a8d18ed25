// SPDX-License-Identifier: GPL-2.0

//! Flavours of liburcu whose library is installed.

use std::marker::PhantomData;

use super::{Batch, Candidate, Entry, Kind, names};
use crate::epoch::Cpu;

pub fn entries() -> Vec<Entry> {
    vec![
        flavour(
            names::URCU_MEMB,
            "urcu_memb_read_lock and urcu_memb_read_unlock, inlined",
            memb(),
        ),
        flavour(
            "liburcu qsbr",
            "urcu_qsbr_read_lock and urcu_qsbr_read_unlock, which are empty, and \
             urcu_qsbr_quiescent_state after each pair, inlined",
            qsbr(),
        ),
        flavour(
            "liburcu bp",
            "urcu_bp_read_lock and urcu_bp_read_unlock, inlined",
            bp(),
        ),
    ]
}

/// A flavour, or the reason why it is missing.
type Found = Result<(&'static str, Flavour), &'static str>;

fn flavour(name: &'static str, what: &str, found: Found) -> Entry {
    match found {
        Ok((version, flavour)) => {
            let what = format!("{what}; liburcu {version}");
            Entry::new(name, Kind::Reclamation, what, flavour)
        }
        Err(why) => Entry::missing(name, what, why),
    }
}

/// Defines one of the functions `memb`, `qsbr` and `bp`.
macro_rules! found {
    (
        $found:ident if $have:ident, $version:literal, else $missing:literal:
        $register:ident, $unregister:ident, $pairs:ident
    ) => {
        #[cfg($have)]
        fn $found() -> Found {
            unsafe extern "C" {
                safe fn $register();
                safe fn $unregister();
                fn $pairs(pairs: u64);
            }
            let flavour = Flavour {
                register: $register,
                unregister: $unregister,
                pairs: $pairs,
            };
            Ok((env!($version), flavour))
        }

        #[cfg(not($have))]
        fn $found() -> Found {
            Err(env!($missing))
        }
    };
}

found!(
    memb if have_urcu_memb, "URCU_MEMB_VERSION", else "URCU_MEMB_MISSING":
    peer_urcu_memb_register, peer_urcu_memb_unregister, peer_urcu_memb_pairs
);
found!(
    qsbr if have_urcu_qsbr, "URCU_QSBR_VERSION", else "URCU_QSBR_MISSING":
    peer_urcu_qsbr_register, peer_urcu_qsbr_unregister, peer_urcu_qsbr_pairs
);
found!(
    bp if have_urcu_bp, "URCU_BP_VERSION", else "URCU_BP_MISSING":
    peer_urcu_bp_register, peer_urcu_bp_unregister, peer_urcu_bp_pairs
);

/// # Invariants
///
/// `pairs` may be called on threads that have called `register` and not yet `unregister`.
#[allow(dead_code)]
struct Flavour {
    register: extern "C" fn(),
    unregister: extern "C" fn(),
    pairs: unsafe extern "C" fn(u64),
}

impl Candidate for Flavour {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        (self.register)();
        // INVARIANT: The thread is registered.
        Box::new(Registered {
            flavour: self,
            here: PhantomData,
        })
    }
}

/// # Invariants
///
/// The current thread is registered.
struct Registered<'f> {
    flavour: &'f Flavour,
    /// Keeps it on its thread.
    here: PhantomData<*mut ()>,
}

impl Batch for Registered<'_> {
    fn run(&mut self, pairs: u64) {
        // SAFETY: The thread is registered, by the type's invariant, so `pairs` may be called by
        // that of `Flavour`.
        unsafe { (self.flavour.pairs)(pairs) };
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        (self.flavour.unregister)();
    }
}
