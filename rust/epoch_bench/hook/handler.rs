// SPDX-License-Identifier: GPL-2.0

//! Handlers of the beginnings and ends of hooked calls, between which a block of the tracker is
//! open.

use super::{
    Count,
    Hook, //
};
use crate::trackers::{
    Block,
    Context,
    Kind, //
};
use core::mem;
use epoch::{
    Detached,
    Section, //
};
use kernel_ext::{
    clock,
    cpu,
    probe::Handler,
    sched, //
};

/// State that a block carries from a call's entry to its return.
pub(crate) struct Token {
    /// Section of the hook's epoch.
    section: Section,
    /// Block of one of the selection's trackers, which outlive the section.
    block: Block<'static>,
    place: Place,
    since_ns: u64,
}

/// A block's place with its tracker.
enum Place {
    /// The place with the number of the task's slot.
    OfTask,
    /// One of the hook's places.
    OfHook(u32),
    /// The tracker's blocks have no places.
    Nowhere,
}

impl Handler for Hook {
    type Token = Token;

    fn admits(&self) -> bool {
        self.filter.admits_current()
    }

    unsafe fn enter(&self, slot: Option<u32>) -> Option<Token> {
        // A section on a CPU that is going offline, or coming online, is not waited for. A task
        // with a slot has come from user space, which no such CPU runs.
        if slot.is_none() && !cpu::this_is_online() {
            self.counts.inc(Count::Missed as usize);
            return None;
        }
        let since_ns = clock::monotonic_fast_ns();
        let section = self.epoch.enter_detached();
        // In the section: see the top of `mod.rs`.
        if self.enabled.read() == 0 {
            return None;
        }
        // SAFETY: By the caller's promise, the slot is the current task's own until `leave`; so no
        // block is open there.
        let started = unsafe { self.start(self.selection.tracker(), slot) };
        let Some((block, place)) = started else {
            self.counts.inc(Count::Missed as usize);
            return None;
        };
        self.counts.inc(Count::Hit as usize);
        Some(Token {
            section: section.into_raw(),
            // SAFETY: The trackers live as long as the hook, whose drop waits for the section, in
            // which the block ends.
            block: unsafe { mem::transmute::<Block<'_>, Block<'static>>(block) },
            place,
            since_ns,
        })
    }

    unsafe fn leave(&self, token: Token) {
        let kind = token.block.kind();
        // SAFETY: `enter` opened the block in these trackers.
        let finish = || unsafe { self.selection.trackers.finish(token.block) };
        match token.place {
            Place::OfTask => finish(),
            Place::OfHook(place) => self.for_sure(kind, || {
                finish();
                self.places.give_back(place);
            }),
            Place::Nowhere => self.for_sure(kind, finish),
        }
        let took = clock::monotonic_fast_ns().saturating_sub(token.since_ns);
        self.latencies[kind as usize].count(took);
        // SAFETY: `enter` entered the section in this epoch, and it is left once.
        drop(unsafe { Detached::from_raw(&self.epoch, token.section) });
    }
}

impl Hook {
    /// Opens a block, if the tracker can do that here and has room.
    ///
    /// # Safety
    ///
    /// The slot is the current task's own, and has no block open.
    #[inline(always)]
    unsafe fn start(&self, kind: Kind, slot: Option<u32>) -> Option<(Block<'_>, Place)> {
        let trackers = &self.selection.trackers;
        if let Some(slot) = slot {
            // The slot's task may sleep, and no interrupt uses the trackers: there is no other
            // probe.
            // SAFETY: Trackers have as many places as there are slots. The slot is this task's, and
            // has no block open; no worker has one in that place, since workers are kept out.
            return Some((unsafe { trackers.start(kind, slot) }, Place::OfTask));
        }
        self.undisturbed(kind, || {
            if !kind.has_places() {
                // SAFETY: The tracker does not use the place.
                return Some((unsafe { trackers.start(kind, 0) }, Place::Nowhere));
            }
            let place = self.places.take()?;
            // SAFETY: The place was just taken, and is given back after the block has ended.
            Some((unsafe { trackers.start(kind, place) }, Place::OfHook(place)))
        })
    }

    /// Runs `f`, which uses a tracker of `kind`, unless the context forbids it: in an interrupt, or
    /// in a call that the tracker itself makes. Any context, preemption disabled.
    #[inline(always)]
    pub(crate) fn undisturbed<T>(&self, kind: Kind, f: impl FnOnce() -> Option<T>) -> Option<T> {
        match kind.context() {
            Context::Any => f(),
            Context::Task if sched::in_task() && self.busy.this_cpu().read() == 0 => self.alone(f),
            // `Sleeping` does not occur here: see `Selection::set_tracker`.
            Context::Task | Context::Sleeping => None,
        }
    }

    /// Runs `f`, which uses a tracker of `kind`, where the context allows it, as it did at the
    /// call's entry.
    #[inline(always)]
    pub(crate) fn for_sure(&self, kind: Kind, f: impl FnOnce()) {
        match kind.context() {
            Context::Any => f(),
            Context::Task | Context::Sleeping => self.alone(f),
        }
    }

    fn alone<T>(&self, f: impl FnOnce() -> T) -> T {
        // The hooked function may be called with locks that interrupts take: those must not come
        // while others with such a lock wait for the tracker.
        let _interrupts = sched::NoInterrupts::new();
        let busy = self.busy.this_cpu();
        busy.write(1);
        let result = f();
        busy.write(0);
        result
    }
}
