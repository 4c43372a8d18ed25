// SPDX-License-Identifier: GPL-2.0

//! This project's epoch, with a cookie for each page: waiting takes a grace period only if one of
//! the page's blocks may be open.
//!
//! A block leaves at each page that it unmaps the cookie of the first grace period that begins
//! after that; the later of two cookies stays. A wait for a page checks whether its cookie's grace
//! period has passed, and only otherwise waits for one.
//!
//! This is enough for a block that began, and noted the page, before the call:
//!
//! - The waiter finds the block's cookie or a later one, for a page's cookie never goes back.
//! - If the grace period of the cookie that it finds has passed, so has that of the block's own
//!   cookie. That grace period began after the cookie was taken, inside the block; so no section is
//!   left that was entered by then, the block's among them. Barriers: the full ones of `snapshot`
//!   and of `poll`.
//! - Otherwise it waits for a grace period that begins after the call, and thus after the block
//!   did.
//!
//! If an earlier cookie replaced a later one, a waiter could find it passed while the block that
//! had left the later one is open.

use super::{
    pages::Pages,
    Context,
    Tracker, //
};
use epoch::{
    Cookie,
    Detached, //
};
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

/// Tracks blocks as sections of an epoch, and pages by cookies.
#[pin_data]
pub(crate) struct EpochKeyed {
    epoch: ARef<epoch::Epoch>,
    pages: Pages,
}

impl EpochKeyed {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            epoch: epoch::Epoch::new(c"bench_keyed")?,
            pages: {
                // No page has been noted: each has a cookie that has passed.
                let cookie = epoch.snapshot();
                epoch.synchronize();
                Pages::new(number(cookie))?
            },
        })
    }
}

/// Shift of a cookie, which is a word: numbers of pages are compared as 64-bit numbers that wrap
/// around.
const SHIFT: u32 = u64::BITS - usize::BITS;

fn number(cookie: Cookie) -> u64 {
    (cookie.into_raw() as u64) << SHIFT
}

impl Tracker for EpochKeyed {
    type Block<'a> = Detached<'a>;
    const CONTEXT: Context = Context::Any;

    #[inline(always)]
    unsafe fn start(&self, _place: u32) -> Detached<'_> {
        self.epoch.enter_detached()
    }

    fn page(&self, _block: &Detached<'_>, key: usize) {
        self.pages.raise(key, number(self.epoch.snapshot()));
    }

    #[inline(always)]
    unsafe fn finish(&self, block: Detached<'_>) {
        drop(block);
    }

    fn wait(&self, key: usize) -> bool {
        let cookie = Cookie::from_raw((self.pages.number(key) >> SHIFT) as usize);
        if self.epoch.poll(cookie) {
            return false;
        }
        self.epoch.synchronize();
        true
    }
}
