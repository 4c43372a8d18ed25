// SPDX-License-Identifier: GPL-2.0

//! Slots for the state that a call carries from its beginning to its end, where the caller has no
//! room for it: one for each task that is in such a call.
//!
//! A task's number selects its slot, unless another task has that one. Numbers follow one another,
//! and so tasks that were started together have slots of their own, on cache lines of their own.
//! Nothing is allocated, and no lock is taken.

use crate::once::OnceWord;
use core::{
    cell::UnsafeCell,
    mem::{
        self,
        MaybeUninit, //
    }, //
};
use kernel::{
    prelude::*,
    types::NotThreadSafe, //
};

/// Distance between the slots that a task tries if others are taken: neighbours are the next tasks'
/// own. Odd, so that it tries all of a power of two.
const STRIDE: usize = 61;

/// Returns the owner of a slot that has a value of this task.
fn filled(task: usize) -> usize {
    2 * task + 1
}

/// A slot, which a task owns or which is free.
#[repr(align(64))]
struct Slot<T> {
    /// Twice the task's number, and one more if there is a value; 0 if the slot is free.
    owner: OnceWord,
    /// Number of tasks whose numbers select this slot, but which have another one.
    displaced: OnceWord,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// Slots for a value of each task that needs one.
///
/// # Invariants
///
/// A slot whose `owner` is not 0 belongs to that task, which alone accesses its value. The value is
/// initialised if `owner` says so. There is a power of two of them.
pub struct TaskSlots<T> {
    slots: KVVec<Slot<T>>,
}

// SAFETY: A value is accessed in the place of the task that has put it there, as `claim` and `take`
// require, and by nobody else.
unsafe impl<T> Sync for TaskSlots<T> {}
// SAFETY: Only the task that has put a value accesses it; a value left in a slot is not dropped.
unsafe impl<T> Send for TaskSlots<T> {}

/// A slot that has no value yet. Dropping it frees the slot.
///
/// # Invariants
///
/// The slot belongs to `task`, and has no value.
#[must_use = "the slot is given back at once"]
pub struct Claimed<'a, T> {
    slots: &'a TaskSlots<T>,
    task: usize,
    index: usize,
    _task: NotThreadSafe,
}

impl<T> Claimed<'_, T> {
    /// Returns the slot's number.
    pub fn index(&self) -> u32 {
        self.index as u32
    }

    /// Fills the slot, which is the task's until [`TaskSlots::take`].
    pub fn put(self, value: T) {
        let slot = &self.slots.slots[self.index];
        // SAFETY: By the type invariants the slot is the task's, and so this function's to access.
        unsafe { (*slot.value.get()).write(value) };
        // INVARIANT: There is a value now. Only the task accesses it.
        slot.owner.write(filled(self.task));
        mem::forget(self);
    }
}

impl<T> Drop for Claimed<'_, T> {
    fn drop(&mut self) {
        self.slots.release(self.task, self.index);
    }
}

impl<T> TaskSlots<T> {
    /// Creates `count` slots, rounded up to a power of two. May sleep.
    pub fn new(count: u32) -> Result<Self> {
        let count = (count as usize).next_power_of_two();
        let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            let slot = Slot {
                owner: OnceWord::new(0),
                displaced: OnceWord::new(0),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            };
            slots.push(slot, GFP_KERNEL)?;
        }
        // INVARIANT: All slots are free.
        Ok(Self { slots })
    }

    /// Returns the slot that the task of this number tries after `others` other ones.
    #[inline(always)]
    fn index(&self, task: usize, others: usize) -> usize {
        (task + others * STRIDE) & (self.slots.len() - 1)
    }

    /// Returns the slots that the task of this number tries, in this order.
    fn tries(&self, task: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.slots.len()).map(move |others| self.index(task, others))
    }

    /// Takes a slot for `task`, which has none; returns `None` if all are taken. Any context.
    ///
    /// # Safety
    ///
    /// `task` is the number of the current task, or one that is used here in its place, and not 0.
    pub unsafe fn claim(&self, task: usize) -> Option<Claimed<'_, T>> {
        let free = |&index: &usize| {
            let owner = &self.slots[index].owner;
            // INVARIANT: It is the task's own from here on. Pairs with the release in `release`:
            // the value is as the last owner has left it.
            owner.read() == 0 && owner.compare_exchange(0, 2 * task).is_ok()
        };
        let index = self.tries(task).find(free)?;
        if index != self.index(task, 0) {
            self.slots[self.index(task, 0)].displaced.add(1);
        }
        // INVARIANT: It was just taken.
        Some(Claimed {
            slots: self,
            task,
            index,
            _task: NotThreadSafe,
        })
    }

    fn release(&self, task: usize, index: usize) {
        if index != self.index(task, 0) {
            self.slots[self.index(task, 0)].displaced.add(usize::MAX);
        }
        // INVARIANT: The task accesses the value no more. Pairs with the full ordering in `claim`.
        self.slots[index].owner.write_release(0);
    }

    /// Takes the value of `task`, if it has one, and passes it to `f`; the slot is the task's own
    /// until that has returned. Any context.
    ///
    /// # Safety
    ///
    /// As for [`TaskSlots::claim`]; any [`Claimed`] of the task has been put, or dropped.
    #[inline(always)]
    pub unsafe fn take(&self, task: usize, f: impl FnOnce(T)) {
        let first = self.index(task, 0);
        let Some(named) = self.slots.get(first) else {
            return;
        };
        if named.owner.read() == filled(task) {
            self.take_from(task, first, f);
        } else if named.displaced.read() != 0 {
            // If this task's slot is another one, it has counted that itself.
            let elsewhere = self
                .tries(task)
                .find(|&index| self.slots[index].owner.read() == filled(task));
            if let Some(index) = elsewhere {
                self.take_from(task, index, f);
            }
        }
    }

    fn take_from(&self, task: usize, index: usize, f: impl FnOnce(T)) {
        let slot = &self.slots[index];
        // INVARIANT: The value is about to be taken. If the task dies in `f`, it is not taken
        // again.
        slot.owner.write(2 * task);
        // SAFETY: By the type invariants the value is this task's, and initialised; it is not read
        // again before it is written again.
        let value = unsafe { (*slot.value.get()).assume_init_read() };
        f(value);
        self.release(task, index);
    }
}
