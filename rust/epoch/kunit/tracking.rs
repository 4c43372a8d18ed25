// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the records of readers while `track_readers` is set.

use super::new;
use crate::{
    domain::Slot,
    tracking::{
        self,
        ROOM, //
    },
    Epoch, //
};
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    cpu,
    sched,
    task::Comm,
    threads::{
        run_on,
        spawn, //
    }, //
};

/// Keeps `track_readers` set as long as it lives.
struct Tracking;

impl Tracking {
    fn new() -> Self {
        tracking::track(true);
        Self
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        tracking::track(false);
    }
}

/// Returns the slot of new sections.
fn slot(epoch: &Epoch) -> Slot {
    epoch.domain().active_slot()
}

/// Returns the number of recorded readers in the slot of new sections.
fn known(epoch: &Epoch) -> usize {
    tracking::count(epoch.domain(), slot(epoch))
}

/// Returns the lines that a stall report has on the slot of new sections.
fn report(epoch: &Epoch) -> Result<KVec<CString>> {
    let (mut lines, mut result) = (KVec::new(), Ok(()));
    epoch.watch().describe(epoch, slot(epoch), 0, &mut |line| {
        let pushed = CString::try_from_fmt(line)
            .map_err(Error::from)
            .and_then(|line| Ok(lines.push(line, GFP_KERNEL)?));
        result = result.and(pushed);
    });
    result.map(|()| lines)
}

/// Returns whether a line of the report begins with `start` and contains `part`.
fn says(epoch: &Epoch, start: &str, part: &str) -> Result<bool> {
    let has = |line: &CString| {
        line.to_str()
            .is_ok_and(|line| line.starts_with(start) && line.contains(part))
    };
    Ok(report(epoch)?.iter().any(has))
}

/// Waits for the grace periods that drop stale records.
fn two_grace_periods(epoch: &Epoch) {
    epoch.synchronize();
    epoch.synchronize();
}

#[kunit_tests(epoch_tracking)]
mod tests {
    use super::*;

    #[test]
    fn report_names_the_reader() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let section = epoch.enter();
        fsleep(Delta::from_millis(20));
        let (comm, pid) = (Comm::current(), current!().pid());
        let start = CString::try_from_fmt(fmt!("section: {comm}, pid {pid}, entered on CPU "))?;
        for part in [" ms ago at ", "tracking", "[epoch]"] {
            assert!(says(&epoch, start.to_str()?, part)?);
        }
        assert!(!says(&epoch, "section: ", " 0 ms ago")?);
        // The report has no warnings.
        assert!(!says(&epoch, "", "may be over")?);
        assert!(!says(&epoch, "", "unknown")?);
        drop(section);
        assert!(!says(&epoch, "section: ", "")?);
        Ok(())
    }

    #[test]
    fn sections_of_others_are_not_named() -> Result {
        let _tracking = Tracking::new();
        let (epoch, other) = (new()?, new()?);
        let section = other.enter();
        assert_eq!(known(&other), 1);
        assert_eq!(known(&epoch), 0);
        drop(section);
        Ok(())
    }

    #[test]
    fn inner_section_takes_its_own_record() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let outer = epoch.enter();
        let oldest = |epoch: &Epoch| {
            let reader = tracking::next(epoch.domain(), slot(epoch), (0, 0));
            reader.map(|reader| reader.since())
        };
        let since = oldest(&epoch);
        fsleep(Delta::from_millis(2));
        let inner = epoch.enter();
        assert_eq!(known(&epoch), 2);
        drop(inner);
        assert_eq!(known(&epoch), 1);
        assert_eq!(oldest(&epoch), since);
        drop(outer);
        assert_eq!(known(&epoch), 0);
        Ok(())
    }

    #[test]
    fn section_that_is_left_elsewhere_is_doubted_and_forgotten() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let section = epoch.enter_detached().into_raw();
        let leave = epoch.clone();
        spawn(move || {
            // SAFETY: The section was entered in this epoch, and is left once.
            drop(unsafe { crate::Detached::from_raw(&leave, section) });
        })?
        .join();
        assert_eq!(epoch.readers(), 0);
        // The record is still there, and the report warns of it.
        assert_eq!(known(&epoch), 1);
        assert!(says(
            &epoch,
            "1 section(s) ended in another",
            "may be over"
        )?);
        epoch.synchronize();
        assert_eq!(known(&epoch), 0);
        epoch.synchronize();
        assert!(!says(&epoch, "", "may be over")?);
        Ok(())
    }

    #[test]
    fn section_that_is_open_is_not_forgotten() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let before = epoch.enter();
        let pair = slot(&epoch);
        let wait = epoch.clone();
        let thread = spawn(move || wait.synchronize())?;
        while slot(&epoch) == pair {
            fsleep(Delta::from_micros(100));
        }
        // In the other slot, and younger than the grace period.
        let after = epoch.enter();
        drop(before);
        thread.join();
        assert_eq!(tracking::count(epoch.domain(), pair), 0);
        let open: usize = Slot::BOTH
            .into_iter()
            .map(|slot| tracking::count(epoch.domain(), slot))
            .sum();
        assert_eq!(open, 1);
        drop(after);
        assert_eq!(known(&epoch), 0);
        Ok(())
    }

    #[test]
    fn section_of_an_interrupt_is_not_the_tasks() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let online = |cpu: &CpuId| run_on(*cpu, || ()).is_ok();
        // `run_on` takes an interrupt on another CPU only: on one of two at least.
        let mut seen = false;
        for cpu in cpu::possible().filter(online) {
            let mut section = None;
            run_on(cpu, || section = Some(epoch.enter_detached()))?;
            seen |= says(&epoch, "section: ", " in hardirq ")?;
            // Releases no record of the interrupt, whatever task that was in.
            drop(epoch.enter());
            assert_eq!(known(&epoch), 1);
            drop(section);
            two_grace_periods(&epoch);
            assert_eq!(known(&epoch), 0);
        }
        assert!(seen);
        Ok(())
    }

    #[test]
    fn section_without_room_is_counted() -> Result {
        let _tracking = Tracking::new();
        let epoch = new()?;
        let mut sections = KVec::new();
        for _ in 0..ROOM + 3 {
            sections.push(epoch.enter(), GFP_KERNEL)?;
        }
        assert_eq!(known(&epoch), ROOM);
        assert!(says(
            &epoch,
            "3 section(s) not recorded",
            "no room (3 so far)"
        )?);
        // The oldest are named.
        let named = report(&epoch)?
            .iter()
            .filter(|line| line.to_bytes().starts_with(b"section: "))
            .count();
        assert_eq!(named, 16);
        let rest = CString::try_from_fmt(fmt!("{} more, younger", ROOM - 16))?;
        assert!(says(&epoch, rest.to_str()?, "")?);
        drop(sections);
        assert_eq!(known(&epoch), 0);
        Ok(())
    }

    #[test]
    fn section_from_before_is_unknown() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        assert!(says(&epoch, "readers unknown: track_readers is off", "")?);
        let _tracking = Tracking::new();
        assert!(says(&epoch, "1 section(s) not recorded", "")?);
        drop(section);
        Ok(())
    }

    #[test]
    fn records_of_many_are_their_own() -> Result {
        const THREADS: usize = 4;
        const ROUNDS: usize = 2000;

        let _tracking = Tracking::new();
        let epoch = new()?;
        let missing = Arc::new(Atomic::new(0usize), GFP_KERNEL)?;
        let mut threads = KVec::new();
        for _ in 0..THREADS {
            let (epoch, missing) = (epoch.clone(), missing.clone());
            let work = move || {
                for round in 0..ROUNDS {
                    let outer = epoch.enter();
                    let inner = epoch.enter();
                    if round % 16 == 0 {
                        sched::cond_resched();
                    }
                    drop(inner);
                    drop(outer);
                    if round % 64 == 0 {
                        epoch.synchronize();
                    }
                }
                for slot in Slot::BOTH {
                    missing.fetch_add(epoch.watch().gaps.over(slot), Relaxed);
                }
            };
            threads.push(spawn(work)?, GFP_KERNEL)?;
        }
        drop(threads);
        assert_eq!(missing.load(Relaxed), 0);
        assert_eq!(epoch.watch().gaps.no_room(), 0);
        for slot in Slot::BOTH {
            assert_eq!(tracking::count(epoch.domain(), slot), 0);
        }
        Ok(())
    }
}
