// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of grace periods: for which sections they wait, and for which not.

use super::{
    counting,
    new,
    start_synchronize,
    synchronize_returns_after, //
};
use crate::{
    domain::Slot,
    Epoch,
    FencedEpoch, //
};
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::atomic::Relaxed,
    time::Delta, //
};
use kernel_ext::{
    compat::etime,
    testing::{
        a_while,
        returns_after,
        shared,
        wait_until,
        Waiter, //
    }, //
};

#[kunit_tests(epoch_grace_periods)]
mod tests {
    use super::*;

    #[test]
    fn synchronize_waits_for_older_section() -> Result {
        let epoch = new()?;
        // In the active slot, and in the other one, where a late increment may have put it.
        for slot in [Slot::of(epoch.epoch()), Slot::of(epoch.epoch() + 1)] {
            let section = epoch.domain().enter_slot(slot);
            // SAFETY: The section was entered in this domain, and is left once.
            let leave = || unsafe { epoch.domain().exit(section) };
            assert!(synchronize_returns_after(&epoch, leave)?);
        }
        Ok(())
    }

    #[test]
    fn expedited_synchronize_waits_for_older_section() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let wait = epoch.clone();
        assert!(returns_after(
            || drop(section),
            move || wait.synchronize_expedited()
        )?);
        Ok(())
    }

    #[test]
    fn synchronize_with_rcu_waits_for_older_section() -> Result {
        let epoch = Epoch::new_with_rcu(c"kunit_rcu")?;
        let section = epoch.enter();
        assert!(synchronize_returns_after(&epoch, || drop(section))?);
        epoch.synchronize_expedited();
        assert_eq!(epoch.grace_periods(), 2);
        Ok(())
    }

    #[test]
    fn synchronize_with_fenced_readers_waits_for_older_section() -> Result {
        let epoch = FencedEpoch::new(c"kunit_fenced")?;
        let section = epoch.enter();
        assert_eq!(epoch.readers(), 1);
        let wait = epoch.clone();
        assert!(returns_after(|| drop(section), move || wait.synchronize())?);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn synchronize_that_gives_up_is_no_grace_period() -> Result {
        let epoch = new()?;
        let limit = Delta::from_millis(20);
        assert_eq!(epoch.synchronize_timeout(limit), Ok(()));
        assert_eq!(epoch.synchronize_killable(), Ok(()));
        // Detached: lockdep would rightly warn of a wait inside a section.
        let section = epoch.enter_detached();
        let cookie = epoch.snapshot();
        let before = epoch.grace_periods();
        // Alone, and while another task waits, too.
        assert_eq!(epoch.synchronize_timeout(limit), Err(etime()));
        let waiter = start_synchronize(&epoch)?;
        a_while();
        assert_eq!(epoch.synchronize_timeout(limit), Err(etime()));
        assert!(!waiter.has_returned());
        assert_eq!(epoch.grace_periods(), before);
        assert!(!epoch.poll(cookie));
        drop(section);
        waiter.join();
        assert!(epoch.poll(cookie));
        Ok(())
    }

    #[test]
    fn wait_serves_cookie_taken_while_another_one_gives_up() -> Result {
        let epoch = new()?;
        let section = epoch.enter_detached();
        let impatient = Waiter::start({
            let epoch = epoch.clone();
            move || {
                let _ = epoch.synchronize_timeout(Delta::from_millis(60));
            }
        })?;
        a_while();
        let cookie = epoch.snapshot();
        impatient.join();
        // The engine abandons the grace period.
        wait_until(|| epoch.domain().has_left());
        drop(section);
        epoch.synchronize();
        assert!(epoch.poll(cookie));
        Ok(())
    }

    #[test]
    fn synchronize_does_not_wait_for_younger_section() -> Result {
        let epoch = new()?;
        let older = epoch.enter();
        let before = epoch.epoch();
        let waiter = start_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let younger = epoch.enter();
        drop(older);
        // Else this would wait forever.
        waiter.join();
        drop(younger);
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_late_increment() -> Result {
        let epoch = new()?;
        let domain = epoch.domain();
        // A reader that saw the epoch before, and comes to its increment only after, an advance.
        let older = epoch.enter();
        let slot = domain.active_slot();
        let before = epoch.epoch();
        let first = start_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let late = domain.enter_slot(slot);
        assert!(domain.active_slot() != slot);
        drop(older);

        // SAFETY: The section was entered in this domain, and is left once.
        let leave = || unsafe { domain.exit(late) };
        assert!(synchronize_returns_after(&epoch, leave)?);
        first.join();
        Ok(())
    }

    #[test]
    fn epoch_advances_at_most_once_past_a_section() -> Result {
        let epoch = new()?;
        let before = epoch.epoch();
        let section = epoch.enter();
        let (first, second) = (start_synchronize(&epoch)?, start_synchronize(&epoch)?);
        a_while();
        assert!(epoch.epoch() - before <= 1);
        drop(section);
        first.join();
        second.join();
        Ok(())
    }

    #[test]
    fn lagging_reader_holds_up_poll_and_its_next_section_does_not() -> Result {
        let epoch = new()?;
        let runs = shared()?;
        let mut section = epoch.enter();
        epoch.defer(counting(&runs)?);
        let cookie = epoch.start_poll();
        for _ in 0..3 {
            a_while();
            assert!(!epoch.poll(cookie));
            assert_eq!(runs.load(Relaxed), 0);
            // Another section does not change that.
            drop(epoch.enter());
        }
        section.observe();
        wait_until(|| epoch.poll(cookie));
        // The callback may have been collected too late for that grace period.
        while runs.load(Relaxed) == 0 {
            section.observe();
            a_while();
        }
        // Another grace period passes, and finds nothing more to invoke.
        let cookie = epoch.start_poll();
        while !epoch.poll(cookie) {
            section.observe();
            a_while();
        }
        assert_eq!(runs.load(Relaxed), 1);
        assert_eq!(epoch.readers(), 1);
        drop(section);
        Ok(())
    }

    #[test]
    fn grace_periods_are_shared() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let before = (epoch.epoch(), epoch.grace_periods());
        let first = start_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before.0);
        let mut others = KVec::new();
        for _ in 0..8 {
            others.push(start_synchronize(&epoch)?, GFP_KERNEL)?;
        }
        a_while();
        drop(section);
        first.join();
        // Waits for the waiters.
        drop(others);
        // One that was in progress, one for all later waiters, and perhaps one for a thread that
        // had started but not begun to wait.
        assert!(epoch.grace_periods() - before.1 <= 3);
        Ok(())
    }

    #[test]
    fn poll_tells_when_the_grace_period_has_passed() -> Result {
        let epoch = new()?;
        let cookie = epoch.snapshot();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));

        // No task waits: `start_poll` starts the grace period.
        let section = epoch.enter();
        let cookie = epoch.start_poll();
        a_while();
        assert!(!epoch.poll(cookie));
        drop(section);
        wait_until(|| epoch.poll(cookie));

        let section = epoch.enter();
        let waiter = start_synchronize(&epoch)?;
        let before = epoch.epoch();
        wait_until(|| epoch.epoch() != before || before & 1 == 1);
        // One is in progress, but may have begun too early.
        let cookie = epoch.snapshot();
        drop(section);
        waiter.join();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));
        Ok(())
    }
}
