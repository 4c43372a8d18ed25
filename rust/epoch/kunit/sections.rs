// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of read-side sections: where they may begin and end, and in which order.

use super::{
    new,
    start_synchronize,
    synchronize_returns_after, //
};
use crate::{
    domain::Slot,
    Detached, //
};
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    sync::atomic::Relaxed,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    cpu,
    testing::{
        a_while,
        shared,
        wait_until, //
    },
    threads::{
        run_on,
        spawn,
        Thread, //
    }, //
};

/// Returns two CPUs that are online, different ones if possible.
fn two_cpus() -> (CpuId, CpuId) {
    let mut online = cpu::possible().filter(|&cpu| run_on(cpu, || ()).is_ok());
    let first = online.next().unwrap_or_else(CpuId::current);
    (first, online.next().unwrap_or(first))
}

#[kunit_tests(epoch_sections)]
mod tests {
    use super::*;

    #[test]
    fn sections_nest() -> Result {
        const DEPTH: usize = 8;

        let epoch = new()?;
        let mut sections = KVec::new();
        for depth in 0..DEPTH {
            assert_eq!(epoch.readers(), depth);
            sections.push(epoch.enter(), GFP_KERNEL)?;
        }
        for depth in (0..DEPTH).rev() {
            assert!(sections.pop().is_some());
            assert_eq!(epoch.readers(), depth);
        }
        epoch.synchronize();
        Ok(())
    }

    #[test]
    fn sections_overlap_out_of_order() -> Result {
        let epoch = new()?;
        let first = epoch.enter();
        let second = epoch.enter();
        drop(first);
        let mut third = None;
        let leave = || {
            third = Some(epoch.enter());
            drop(second);
        };
        assert!(synchronize_returns_after(&epoch, leave)?);
        drop(third);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn sections_overlap_across_advances() -> Result {
        const GRACE_PERIODS: usize = 10;

        let epoch = new()?;
        let domain = epoch.domain();
        let mut section = epoch.enter_detached();
        let mut both = 0;
        for _ in 0..GRACE_PERIODS {
            let (before, active) = (epoch.epoch(), domain.active_slot());
            let may_advance = domain.readers_in(active) == 1;
            let waiter = start_synchronize(&epoch)?;
            wait_until(|| !may_advance || epoch.epoch() != before);
            // There is a section all the time; a single one would delay the grace period forever.
            while !waiter.has_returned() {
                let next = epoch.enter_detached();
                both += usize::from(Slot::BOTH.iter().all(|&slot| domain.readers_in(slot) == 1));
                drop(core::mem::replace(&mut section, next));
                fsleep(Delta::from_millis(2));
            }
            waiter.join();
        }
        assert!(both > 0);
        assert_eq!(epoch.readers(), 1);
        drop(section);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_ends_on_another_cpu_in_interrupt() -> Result {
        let epoch = new()?;
        let (here, there) = two_cpus();
        assert!(here != there);
        let mut section: Option<Detached<'_>> = None;
        run_on(here, || section = Some(epoch.enter_detached()))?;
        assert_eq!(epoch.readers(), 1);
        let leave = || {
            let _ = run_on(there, || drop(section.take()));
        };
        assert!(synchronize_returns_after(&epoch, leave)?);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_ends_in_another_task() -> Result {
        let epoch = new()?;
        let section = epoch.enter_detached().into_raw();
        let other = epoch.clone();
        let leave = || {
            // SAFETY: The section was entered in this epoch, and is left once.
            let leave = move || drop(unsafe { Detached::from_raw(&other, section) });
            let _ = spawn(leave).map(Thread::join);
        };
        assert!(synchronize_returns_after(&epoch, leave)?);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_may_sleep() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let waiter = start_synchronize(&epoch)?;
        for _ in 0..5 {
            a_while();
            assert!(!waiter.has_returned());
        }
        drop(section);
        waiter.join();
        Ok(())
    }

    #[test]
    fn in_epoch_tells_who_is_not() -> Result {
        // Without lockdep, `in_epoch` is always true.
        let told = cfg!(not(CONFIG_DEBUG_LOCK_ALLOC));
        let epoch = new()?;
        assert_eq!(epoch.in_epoch(), told);
        let section = epoch.enter();
        assert!(epoch.in_epoch());
        let elsewhere = shared()?;
        spawn({
            let (epoch, elsewhere) = (epoch.clone(), elsewhere.clone());
            move || elsewhere.store(epoch.in_epoch().into(), Relaxed)
        })?
        .join();
        assert_eq!(elsewhere.load(Relaxed), told.into());
        drop(section);
        assert_eq!(epoch.in_epoch(), told);
        Ok(())
    }

    #[test]
    fn observe_ends_the_section_for_older_waits() -> Result {
        let epoch = new()?;
        let mut section = epoch.enter();
        let before = epoch.epoch();
        let waiter = start_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        a_while();
        assert!(!waiter.has_returned());
        section.observe();
        // Else this would wait forever.
        waiter.join();
        assert_eq!(epoch.readers(), 1);
        drop(section);
        Ok(())
    }
}
