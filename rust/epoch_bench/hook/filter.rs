// SPDX-License-Identifier: GPL-2.0

//! Which tasks' calls are hooked. Each of the filters may be changed at any time.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernel_ext::{
    once::Once,
    task::{
        self,
        Comm, //
    }, //
};

/// A task's calls are hooked if it passes all of these.
pub(crate) struct Filter {
    /// 0 for any.
    tgid: Once,
    /// 0 for any.
    ancestor: Once,
    /// Zeroes for any.
    comm: [Atomic<u64>; 2],
}

impl Filter {
    /// One that every task passes.
    pub(super) const fn new() -> Self {
        Self {
            tgid: Once::new(0),
            ancestor: Once::new(0),
            comm: [Atomic::new(0), Atomic::new(0)],
        }
    }

    /// Whether the current task passes. Any context.
    #[inline(always)]
    pub(super) fn admits_current(&self) -> bool {
        let tgid = self.tgid.read();
        let ancestor = self.ancestor.read();
        let comm = [self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)];
        (tgid == 0 || current!().tgid() as usize == tgid)
            && (comm == [0; 2] || Comm::current().to_words() == comm)
            && (ancestor == 0 || task::descends_from(ancestor as i32))
    }

    /// The process whose calls are hooked, by its number in the initial namespace; 0 for all.
    pub(crate) fn tgid(&self) -> usize {
        self.tgid.read()
    }

    /// Changes it.
    pub(crate) fn set_tgid(&self, tgid: usize) {
        self.tgid.write(tgid);
    }

    /// The process whose descendants' calls are hooked, by its number in the initial namespace; 0 for all.
    pub(crate) fn ancestor(&self) -> usize {
        self.ancestor.read()
    }

    /// Changes it.
    pub(crate) fn set_ancestor(&self, tgid: usize) {
        self.ancestor.write(tgid);
    }

    /// The name of the tasks whose calls are hooked; empty for all.
    pub(crate) fn comm(&self) -> Comm {
        Comm::from_words([self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)])
    }

    /// Changes it. Calls that come at the same time may find neither the one nor the other.
    pub(crate) fn set_comm(&self, comm: &Comm) {
        for (word, half) in self.comm.iter().zip(comm.to_words()) {
            word.store(half, Relaxed);
        }
    }
}
