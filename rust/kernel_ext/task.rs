// SPDX-License-Identifier: GPL-2.0

//! The current task's name and ancestors.
//!
//! C header: [`include/linux/sched.h`](srctree/include/linux/sched.h)

use kernel::{
    fmt,
    prelude::*,
    str::BStr,
    sync::rcu, //
};

/// The `comm` of a task, as it was at some time.
pub struct Comm([u8; 16]);

impl Comm {
    /// Returns the name of the current task. Any context.
    pub fn current() -> Self {
        let task = current!().as_ptr();
        // SAFETY: The current task is live. If the name is changed at the same time, the result may
        // have some bytes of the old one and some of the new one; all values of the bytes are
        // valid.
        Self(unsafe { (&raw const (*task).comm).read_volatile() })
    }

    /// Creates a name of at most 15 bytes, without a NUL; `None` for any other.
    pub fn new(name: &BStr) -> Option<Self> {
        let mut comm = [0; 16];
        if name.len() >= comm.len() || name.contains(&0) {
            return None;
        }
        comm[..name.len()].copy_from_slice(name);
        Some(Self(comm))
    }

    /// Returns the name as two words, for where it is kept in atomics.
    pub fn to_words(&self) -> [u64; 2] {
        let half = |at: usize| core::array::from_fn(|byte| self.0[at + byte]);
        [u64::from_ne_bytes(half(0)), u64::from_ne_bytes(half(8))]
    }

    /// Creates a name from the words that [`Comm::to_words`] returned.
    pub fn from_words(words: [u64; 2]) -> Self {
        let [first, second] = words.map(u64::to_ne_bytes);
        Self(core::array::from_fn(|byte| match byte {
            0..8 => first[byte],
            _ => second[byte - 8],
        }))
    }
}

impl fmt::Display for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.0.iter().position(|&byte| byte == 0);
        fmt::Display::fmt(BStr::from_bytes(&self.0[..len.unwrap_or(self.0.len())]), f)
    }
}

/// Number of generations that [`descends_from`] looks back: it is called where nothing else can
/// run.
const GENERATIONS: usize = 1000;

/// Returns whether the process of this number in the initial namespace is an ancestor of the
/// current task's, up to 1000 generations back. Any context in which RCU is watching.
///
/// The parents are those that would be told of the task's end, even where a debugger is told
/// instead.
pub fn descends_from(tgid: i32) -> bool {
    let _rcu = rcu::read_lock();
    let mut task = current!().as_ptr();
    for _ in 0..GENERATIONS {
        // SAFETY: `task` is the current task, which is live, or was the parent of a task that RCU
        // keeps; RCU keeps it too, since a parent is replaced in its children before it is
        // released. The field is written at the same time, as a pointer is: the old or the new one
        // is read. The accesses after it depend on its address (C: rcu_dereference()).
        task = unsafe { (&raw const (*task).real_parent).read_volatile() };
        // SAFETY: RCU keeps the parent, as above; the number of a thread group does not change.
        match unsafe { (*task).tgid } {
            // Its own parent: the first task of all.
            0 => return false,
            parent if parent == tgid => return true,
            _ => {}
        }
    }
    false
}
