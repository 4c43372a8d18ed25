// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the primitive: each is named after the property that it checks.

use crate::{
    new_epoch,
    Deferred,
    Epoch,
    Guard,
    Head, //
};
use core::ptr::NonNull;
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
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
    threads::{
        run_on,
        spawn,
        Thread, //
    }, //
};

fn new() -> Result<Arc<Epoch>> {
    Arc::pin_init(new_epoch!("kunit"), GFP_KERNEL)
}

/// Long enough for a thread that is not held back to get where it is going.
fn a_while() {
    fsleep(Delta::from_millis(20));
}

/// A flag that threads share.
fn flag() -> Result<Arc<Atomic<u32>>> {
    Ok(Arc::new(Atomic::new(0), GFP_KERNEL)?)
}

/// Waits until `condition` holds.
fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        fsleep(Delta::from_micros(100));
    }
}

/// Synchronizes in another task, and adds one to the flag when it is done.
fn spawn_synchronize(epoch: &Arc<Epoch>) -> Result<(Thread, Arc<Atomic<u32>>)> {
    let done = flag()?;
    let thread = spawn({
        let (epoch, done) = (epoch.clone(), done.clone());
        move || {
            epoch.synchronize();
            done.store(1, Relaxed);
        }
    })?;
    Ok((thread, done))
}

/// Two CPUs that are online, different ones if there are.
fn two_cpus() -> (CpuId, CpuId) {
    let mut online = cpu::possible().filter(|&cpu| run_on(cpu, || ()).is_ok());
    let first = online.next().unwrap_or_else(CpuId::current);
    (first, online.next().unwrap_or(first))
}

/// An object that readers use until it is poisoned.
struct Victim {
    poisoned: Atomic<u32>,
}

#[kunit_tests(epoch)]
mod tests {
    use super::*;

    #[test]
    fn sections_nest() -> Result {
        let epoch = new()?;
        let outer = epoch.enter();
        let inner = epoch.enter();
        assert_eq!(epoch.readers(), 2);
        drop(inner);
        assert_eq!(epoch.readers(), 1);
        drop(outer);
        assert_eq!(epoch.readers(), 0);
        epoch.synchronize();
        Ok(())
    }

    #[test]
    fn sections_overlap_out_of_order() -> Result {
        let epoch = new()?;
        let first = epoch.enter();
        let second = epoch.enter();
        drop(first);
        let (thread, done) = spawn_synchronize(&epoch)?;
        a_while();
        assert_eq!(done.load(Relaxed), 0);
        let third = epoch.enter();
        drop(second);
        thread.join();
        drop(third);
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_ends_on_another_cpu_in_interrupt() -> Result {
        let epoch = new()?;
        let (here, there) = two_cpus();
        assert!(here != there);
        let mut section: Option<Guard<'_>> = None;
        run_on(here, || section = Some(epoch.enter()))?;
        assert_eq!(epoch.readers(), 1);
        let (thread, done) = spawn_synchronize(&epoch)?;
        a_while();
        assert_eq!(done.load(Relaxed), 0);
        run_on(there, || drop(section.take()))?;
        thread.join();
        assert_eq!(epoch.readers(), 0);
        Ok(())
    }

    #[test]
    fn section_may_sleep() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let (thread, done) = spawn_synchronize(&epoch)?;
        for _ in 0..5 {
            a_while();
            assert_eq!(done.load(Relaxed), 0);
        }
        drop(section);
        thread.join();
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_older_section() -> Result {
        let epoch = new()?;
        // In both slots, and from either parity of the epoch.
        for _ in 0..4 {
            let section = epoch.enter();
            let (thread, done) = spawn_synchronize(&epoch)?;
            a_while();
            assert_eq!(done.load(Relaxed), 0);
            drop(section);
            thread.join();
            assert_eq!(done.load(Relaxed), 1);
        }
        Ok(())
    }

    #[test]
    fn synchronize_does_not_wait_for_younger_section() -> Result {
        let epoch = new()?;
        let older = epoch.enter();
        let before = epoch.epoch();
        let (thread, _done) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let younger = epoch.enter();
        drop(older);
        // It would wait for ever.
        thread.join();
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
        let (first, _) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before);
        let late = domain.enter_slot(slot);
        assert!(domain.active_slot() != slot);
        drop(older);

        let (second, done) = spawn_synchronize(&epoch)?;
        a_while();
        assert_eq!(done.load(Relaxed), 0);
        domain.exit(late);
        second.join();
        first.join();
        Ok(())
    }

    #[test]
    fn grace_periods_are_shared() -> Result {
        let epoch = new()?;
        let section = epoch.enter();
        let before = (epoch.epoch(), epoch.grace_periods());
        let (first, _) = spawn_synchronize(&epoch)?;
        wait_until(|| epoch.epoch() != before.0);
        let mut others = KVec::new();
        for _ in 0..8 {
            others.push(spawn_synchronize(&epoch)?.0, GFP_KERNEL)?;
        }
        a_while();
        drop(section);
        first.join();
        for thread in others {
            thread.join();
        }
        // One that was running, and one for all who came meanwhile.
        assert_eq!(epoch.grace_periods() - before.1, 2);
        Ok(())
    }

    #[test]
    fn poll_tells_when_the_grace_period_has_passed() -> Result {
        let epoch = new()?;
        let cookie = epoch.snapshot();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));

        let section = epoch.enter();
        let (thread, _) = spawn_synchronize(&epoch)?;
        let before = epoch.epoch();
        wait_until(|| epoch.epoch() != before || before & 1 == 1);
        // One is running, but may have begun too early.
        let cookie = epoch.snapshot();
        drop(section);
        thread.join();
        assert!(!epoch.poll(cookie));
        epoch.synchronize();
        assert!(epoch.poll(cookie));
        Ok(())
    }

    #[test]
    fn callback_runs_once_and_not_early() -> Result {
        let epoch = new()?;
        let runs = flag()?;
        let section = epoch.enter();
        let deferred = Deferred::new(
            {
                let runs = runs.clone();
                move || {
                    runs.fetch_add(1, Relaxed);
                }
            },
            GFP_KERNEL,
        )?;
        epoch.defer(deferred);
        a_while();
        assert_eq!(runs.load(Relaxed), 0);
        drop(section);
        epoch.barrier();
        assert_eq!(runs.load(Relaxed), 1);
        epoch.barrier();
        epoch.synchronize();
        assert_eq!(runs.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn callback_may_be_given_in_interrupt() -> Result {
        let epoch = new()?;
        let runs = flag()?;
        for cpu in cpu::possible() {
            let deferred = Deferred::new(
                {
                    let runs = runs.clone();
                    move || {
                        runs.fetch_add(1, Relaxed);
                    }
                },
                GFP_KERNEL,
            )?;
            // A CPU that is not online takes none.
            let deferred = &mut Some(deferred);
            if run_on(cpu, || deferred.take().map_or((), |d| epoch.defer(d))).is_err() {
                runs.fetch_add(1, Relaxed);
            }
        }
        epoch.barrier();
        assert_eq!(runs.load(Relaxed) as usize, cpu::possible().count());
        Ok(())
    }

    #[test]
    fn callback_may_give_its_head_again() -> Result {
        /// Counts down, giving itself again until it is at 0.
        #[repr(C)]
        struct Again {
            head: Head,
            epoch: Arc<Epoch>,
            left: Arc<Atomic<u32>>,
        }

        unsafe fn callback(head: NonNull<Head>) {
            // SAFETY: The head is the first field of an `Again`, and this function's.
            let again = unsafe { &*head.as_ptr().cast::<Again>() };
            if again.left.fetch_sub(1, Relaxed) > 1 {
                // SAFETY: The object is leaked while it is queued, and queued once.
                unsafe { again.epoch.call(head, callback) };
            }
        }

        let epoch = new()?;
        let left = flag()?;
        left.store(5, Relaxed);
        let again = KBox::new(
            Again {
                head: Head::new(),
                epoch: epoch.clone(),
                left: left.clone(),
            },
            GFP_KERNEL,
        )?;
        let again = KBox::into_raw(again);
        // SAFETY: The box was just given up.
        unsafe { epoch.call(NonNull::new_unchecked(again.cast()), callback) };
        wait_until(|| left.load(Relaxed) == 0);
        epoch.barrier();
        // SAFETY: The callback has returned without giving it again.
        drop(unsafe { KBox::from_raw(again) });
        assert_eq!(left.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn barrier_waits_for_all_callbacks() -> Result {
        const THREADS: u32 = 4;
        const CALLBACKS: u32 = 250;

        let epoch = new()?;
        let runs = flag()?;
        let mut threads = KVec::new();
        for _ in 0..THREADS {
            let (epoch, runs) = (epoch.clone(), runs.clone());
            threads.push(
                spawn(move || {
                    for _ in 0..CALLBACKS {
                        let runs = runs.clone();
                        let run = move || {
                            runs.fetch_add(1, Relaxed);
                        };
                        if let Ok(deferred) = Deferred::new(run, GFP_KERNEL) {
                            epoch.defer(deferred);
                        }
                    }
                })?,
                GFP_KERNEL,
            )?;
        }
        for thread in threads {
            thread.join();
        }
        epoch.barrier();
        assert_eq!(runs.load(Relaxed), THREADS * CALLBACKS);
        Ok(())
    }

    #[test]
    fn drop_waits_for_callbacks() -> Result {
        const CALLBACKS: u32 = 100;

        for _ in 0..10 {
            let epoch = KBox::pin_init(new_epoch!("kunit_drop"), GFP_KERNEL)?;
            let runs = flag()?;
            for _ in 0..CALLBACKS {
                let runs = runs.clone();
                let run = move || {
                    runs.fetch_add(1, Relaxed);
                };
                epoch.defer(Deferred::new(run, GFP_KERNEL)?);
            }
            drop(epoch);
            assert_eq!(runs.load(Relaxed), CALLBACKS);
        }
        Ok(())
    }

    #[test]
    fn readers_never_see_poison() -> Result {
        const READERS: usize = 3;
        const VICTIMS: usize = 4;
        const UPDATES: usize = 2000;

        let epoch = new()?;
        let victims: Arc<[Victim; VICTIMS]> = Arc::new(
            core::array::from_fn(|_| Victim {
                poisoned: Atomic::new(1),
            }),
            GFP_KERNEL,
        )?;
        // The victim that readers find.
        let current = flag()?;
        victims[0].poisoned.store(0, Relaxed);
        let (stop, violations, sections) = (flag()?, flag()?, flag()?);

        let mut threads = KVec::new();
        for _ in 0..READERS {
            let (epoch, victims, current) = (epoch.clone(), victims.clone(), current.clone());
            let (stop, violations, sections) = (stop.clone(), violations.clone(), sections.clone());
            threads.push(
                spawn(move || {
                    let mut count = 0u32;
                    while stop.load(Relaxed) == 0 {
                        let section = epoch.enter();
                        let victim = &victims[current.load(Relaxed) as usize];
                        for _ in 0..20 {
                            violations.fetch_add(victim.poisoned.load(Relaxed), Relaxed);
                        }
                        if count % 64 == 0 {
                            // Preempted, and perhaps migrated, inside.
                            sched::cond_resched();
                        }
                        violations.fetch_add(victim.poisoned.load(Relaxed), Relaxed);
                        drop(section);
                        count += 1;
                        sections.fetch_add(1, Relaxed);
                        sched::cond_resched();
                    }
                })?,
                GFP_KERNEL,
            )?;
        }
        for update in 0..UPDATES {
            let old = current.load(Relaxed) as usize;
            let new = (update + 1) % VICTIMS;
            victims[new].poisoned.store(0, Relaxed);
            current.xchg(new as u32, Full);
            epoch.synchronize();
            victims[old].poisoned.store(1, Relaxed);
        }
        stop.store(1, Relaxed);
        for thread in threads {
            thread.join();
        }
        pr_info!("{} sections, {} updates\n", sections.load(Relaxed), UPDATES);
        assert!(sections.load(Relaxed) > 0);
        assert_eq!(violations.load(Relaxed), 0);
        Ok(())
    }
}
