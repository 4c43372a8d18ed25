// SPDX-License-Identifier: GPL-2.0

//! Numbers that blocks leave at the pages that they unmap, by hash of the page's key.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed, //
    }, //
};

/// Number of bits of the hash: pages whose keys have the same hash share a number. FreeBSD has as
/// many numbers as it supports CPUs.
const BITS: u32 = 8;

/// The highest number that was left at each page.
pub(super) struct Pages(KVVec<Atomic<u64>>);

impl Pages {
    /// Creates pages that all have the number `first`.
    pub(super) fn new(first: u64) -> Result<Self> {
        let mut pages = KVVec::with_capacity(1 << BITS, GFP_KERNEL)?;
        for _ in 0..1 << BITS {
            pages.push(Atomic::new(first), GFP_KERNEL)?;
        }
        Ok(Self(pages))
    }

    fn page(&self, key: usize) -> &Atomic<u64> {
        // Fibonacci hashing: neighbours get different places.
        let hash = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS);
        &self.0[hash as usize]
    }

    /// Leaves `number` at a page, unless that has a higher one; numbers may wrap around.
    pub(super) fn raise(&self, key: usize, number: u64) {
        let page = self.page(key);
        let mut old = page.load(Relaxed);
        while number.wrapping_sub(old) as i64 > 0 {
            match page.cmpxchg(old, number, Full) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
    }

    /// Returns the number of a page.
    pub(super) fn number(&self, key: usize) -> u64 {
        // Pairs with the full ordering in `raise`.
        self.page(key).load(Acquire)
    }
}
