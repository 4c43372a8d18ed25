// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the slots in which tasks keep the state of a hooked munmap(2).

use kernel::{
    macros::kunit_tests,
    prelude::*, //
};
use kernel_ext::task_slots::{
    Claimed,
    TaskSlots, //
};

/// Number of slots.
const COUNT: u32 = 8;

/// Claims a slot in the place of the task of this number, which need not exist.
fn claim(slots: &TaskSlots<usize>, task: usize) -> Option<Claimed<'_, usize>> {
    // SAFETY: One thread uses the slots, in the place of one task after the other; no number is 0.
    unsafe { slots.claim(task) }
}

/// Takes the value of the task of this number; `None` if it has none.
fn take(slots: &TaskSlots<usize>, task: usize) -> Option<usize> {
    let mut value = None;
    // SAFETY: One thread uses the slots, and each claim was put, or dropped, before.
    unsafe { slots.take(task, |taken| value = Some(taken)) };
    value
}

#[kunit_tests(epoch_slots)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_follow_one_another_have_slots_that_do() -> Result {
        let slots = TaskSlots::new(COUNT)?;
        for task in 100..100 + COUNT as usize {
            let slot = claim(&slots, task).ok_or(EINVAL)?;
            assert_eq!(slot.index(), task as u32 % COUNT);
            slot.put(task);
        }
        for task in 100..100 + COUNT as usize {
            assert_eq!(take(&slots, task), Some(task));
        }
        Ok(())
    }

    #[test]
    fn tasks_that_name_the_same_slot_have_each_their_own() -> Result {
        let slots = TaskSlots::new(COUNT)?;
        let tasks = || (1..=COUNT as usize).map(|i| i * COUNT as usize);
        for task in tasks() {
            claim(&slots, task).ok_or(EINVAL)?.put(task);
        }
        assert!(claim(&slots, 1).is_none());
        // The task with the slot that all name goes first, so that the slot is free.
        for task in tasks() {
            assert_eq!(take(&slots, task), Some(task));
            assert_eq!(take(&slots, task), None);
            let again = claim(&slots, 1).ok_or(EINVAL)?;
            drop(again);
        }
        Ok(())
    }

    #[test]
    fn task_without_a_value_gets_none() -> Result {
        let slots = TaskSlots::new(COUNT)?;
        assert_eq!(take(&slots, 3), None);
        claim(&slots, 3).ok_or(EINVAL)?.put(33);
        assert_eq!(take(&slots, 3 + COUNT as usize), None);
        drop(claim(&slots, 3 + COUNT as usize).ok_or(EINVAL)?);
        assert_eq!(take(&slots, 3 + COUNT as usize), None);
        assert_eq!(take(&slots, 3), Some(33));
        Ok(())
    }
}
