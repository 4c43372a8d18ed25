// SPDX-License-Identifier: GPL-2.0

//! No tracking: an upper bound for the others, and Linux as it is.

use super::{
    Context,
    Tracker, //
};
use kernel::prelude::*;

/// Tracks nothing, and therefore cannot wait.
pub(crate) struct None;

impl None {
    pub(crate) fn new(_places: usize) -> impl PinInit<Self, Error> {
        Ok(Self)
    }
}

impl Tracker for None {
    type Block<'a> = ();
    const CONTEXT: Context = Context::Any;
    const WAITS: bool = false;

    #[inline(always)]
    unsafe fn start(&self, _place: u32) {}

    #[inline(always)]
    fn page(&self, _block: &(), _key: usize) {}

    #[inline(always)]
    unsafe fn finish(&self, _block: ()) {}

    fn wait(&self, _key: usize) -> bool {
        false
    }
}
