// SPDX-License-Identifier: GPL-2.0

//! Filters of the tasks whose calls are hooked. Each may be changed at any time.

use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernel_ext::{
    compat,
    once::OnceWord,
    task::{
        self,
        Comm, //
    }, //
};

/// Filters of tasks: a task's calls are hooked if it passes all of them.
pub(crate) struct Filter {
    /// Process to hook; 0 for any.
    tgid: OnceWord,
    /// Process whose descendants to hook; 0 for any.
    ancestor: OnceWord,
    /// Name of the tasks to hook; zeroes for any.
    comm: [Atomic<u64>; 2],
}

impl Filter {
    /// Creates a filter that every task passes.
    pub(super) const fn new() -> Self {
        Self {
            tgid: OnceWord::new(0),
            ancestor: OnceWord::new(0),
            comm: [Atomic::new(0), Atomic::new(0)],
        }
    }

    /// Returns whether the current task passes. Any context.
    #[inline(always)]
    pub(super) fn admits_current(&self) -> bool {
        let tgid = self.tgid.read();
        let ancestor = self.ancestor.read();
        let comm = [self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)];
        (tgid == 0 || compat::current_tgid() as usize == tgid)
            && (comm == [0; 2] || Comm::current().to_words() == comm)
            && (ancestor == 0 || task::descends_from(ancestor as i32))
    }

    /// Returns the process whose calls are hooked, by its number in the initial namespace; 0 for
    /// all.
    pub(crate) fn tgid(&self) -> usize {
        self.tgid.read()
    }

    /// Sets the process whose calls are hooked; 0 for all.
    pub(crate) fn set_tgid(&self, tgid: usize) {
        self.tgid.write(tgid);
    }

    /// Returns the process whose descendants' calls are hooked, by its number in the initial
    /// namespace; 0 for all.
    pub(crate) fn ancestor(&self) -> usize {
        self.ancestor.read()
    }

    /// Sets the process whose descendants' calls are hooked; 0 for all.
    pub(crate) fn set_ancestor(&self, tgid: usize) {
        self.ancestor.write(tgid);
    }

    /// Returns the name of the tasks whose calls are hooked; empty for all.
    pub(crate) fn comm(&self) -> Comm {
        Comm::from_words([self.comm[0].load(Relaxed), self.comm[1].load(Relaxed)])
    }

    /// Sets the name of the tasks whose calls are hooked; empty for all. Concurrent calls may see
    /// neither the old name nor the new one.
    pub(crate) fn set_comm(&self, comm: &Comm) {
        for (word, half) in self.comm.iter().zip(comm.to_words()) {
            word.store(half, Relaxed);
        }
    }
}
