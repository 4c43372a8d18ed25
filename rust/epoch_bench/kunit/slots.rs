// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the slots in which tasks keep what a hooked munmap(2) carries.

use kernel::{
    macros::kunit_tests,
    prelude::*, //
};
use kernel_ext::task_slots::{
    Claimed,
    TaskSlots, //
};

/// How many slots there are.
const COUNT: u32 = 8;

/// In the place of the task of this number, of which there is none.
fn claim(slots: &TaskSlots<usize>, task: usize) -> Option<Claimed<'_, usize>> {
    // SAFETY: Slots are used by one thread, in the place of one task after the other.
    unsafe { slots.claim(task) }
}

/// In the same way; none if the task has no value.
fn take(slots: &TaskSlots<usize>, task: usize) -> Option<usize> {
    let mut value = None;
    // SAFETY: As above. What was claimed was put, or dropped.
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
        // The one that has the slot which all name goes first, so that it is free.
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
