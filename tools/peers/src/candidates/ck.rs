// SPDX-License-Identifier: GPL-2.0

//! ConcurrencyKit's ck_epoch, if the library is installed.

use super::names;

const WHAT: [(&str, &str); 2] = [
    (
        names::CK,
        "ck_epoch_begin and ck_epoch_end without a section",
    ),
    (
        names::CK_SECTION,
        "ck_epoch_begin and ck_epoch_end with a section",
    ),
];

#[cfg(not(have_ck))]
pub fn entries() -> Vec<super::Entry> {
    WHAT.map(|(name, what)| super::Entry::missing(name, what, env!("CK_MISSING")))
        .into()
}

#[cfg(have_ck)]
pub use present::entries;

#[cfg(have_ck)]
mod present {
    use std::ffi::c_void;
    use std::ptr::NonNull;

    use super::super::{Batch, Candidate, Entry, Kind};
    use super::WHAT;
    use crate::epoch::Cpu;

    unsafe extern "C" {
        fn peer_ck_init();
        fn peer_ck_register() -> *mut c_void;
        fn peer_ck_unregister(record: *mut c_void);
        fn peer_ck_pairs(record: *mut c_void, pairs: u64);
        fn peer_ck_section_pairs(record: *mut c_void, pairs: u64);
    }

    pub fn entries() -> Vec<Entry> {
        let loops: [Loop; 2] = [peer_ck_pairs, peer_ck_section_pairs];
        let version = env!("CK_VERSION");
        WHAT.into_iter()
            .zip(loops)
            .map(|((name, what), pairs)| {
                let what = format!("{what}; libck {version}");
                Entry::new(name, Kind::Reclamation, what, Ck { pairs })
            })
            .collect()
    }

    type Loop = unsafe extern "C" fn(*mut c_void, u64);

    struct Ck {
        pairs: Loop,
    }

    impl Candidate for Ck {
        fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
            static INIT: std::sync::Once = std::sync::Once::new();
            // SAFETY: `Once` calls it once, before any other function of the epoch.
            INIT.call_once(|| unsafe { peer_ck_init() });
            // SAFETY: The epoch is initialised. Any thread may register at any time.
            let record = unsafe { peer_ck_register() };
            // INVARIANT: `record` was registered just now, and is known only here.
            Box::new(Record {
                record: NonNull::new(record).expect("out of memory"),
                pairs: self.pairs,
            })
        }
    }

    /// # Invariants
    ///
    /// `record` is registered, and used by nobody else. `pairs` takes a record.
    struct Record {
        record: NonNull<c_void>,
        pairs: Loop,
    }

    impl Batch for Record {
        fn run(&mut self, pairs: u64) {
            // SAFETY: `record` is registered and `pairs` takes a record, by the type's invariants.
            unsafe { (self.pairs)(self.record.as_ptr(), pairs) };
        }
    }

    impl Drop for Record {
        fn drop(&mut self) {
            // SAFETY: `record` is registered, by the type's invariants; the loop has left every
            // section.
            unsafe { peer_ck_unregister(self.record.as_ptr()) };
        }
    }
}
