// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of concurrent waiters: they share grace periods, and none delays the others; and of
//! the cost of grace periods, in heavy barriers and interrupts.

use super::{
    call,
    counting,
    move_to,
    new,
    of_each_flavour,
    online,
    settled,
    start_synchronize, //
};
use crate::{
    platform::{
        heavy_barriers,
        ipis,
        Flavour, //
    },
    Detached,
    Epoch, //
};
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::{
    compat::{
        self,
        etime, //
    },
    sched::{
        self,
        NoPreemption, //
    },
    testing::{
        a_while,
        shared,
        skip,
        wait_until,
        Waiter, //
    },
    threads::{
        spawn,
        Thread, //
    }, //
};

/// Starts a thread that calls `f` again and again until `stop` is set.
fn repeat(stop: &Arc<Atomic<u32>>, f: impl Fn() + Send + 'static) -> Result<Thread> {
    let stop = stop.clone();
    spawn(move || {
        while stop.load(Relaxed) == 0 {
            f();
        }
    })
}

/// Starts a thread that occupies `cpu` until `stop` is set. `state` becomes [`OCCUPIED`] at the
/// start, and [`TOO_LONG`] if it ends early, after `LIMIT`.
fn occupy(cpu: CpuId, stop: &Arc<Atomic<u32>>, state: &Arc<Atomic<u32>>) -> Result<Thread> {
    const LIMIT: Delta = Delta::from_secs(20);

    let (stop, state) = (stop.clone(), state.clone());
    spawn(move || {
        let _ = move_to(cpu);
        let _alone = NoPreemption::new();
        let begun = Instant::<Monotonic>::now();
        state.store(OCCUPIED, Relaxed);
        while stop.load(Relaxed) == 0 {
            if begun.elapsed() > LIMIT {
                state.store(TOO_LONG, Relaxed);
                break;
            }
            sched::cpu_relax();
        }
    })
}

const OCCUPIED: u32 = 1;
const TOO_LONG: u32 = 2;

#[kunit_tests(epoch_sharing)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_wait_at_the_same_time_share_grace_periods() -> Result {
        // More than one batch of wakeups.
        const TASKS: usize = 40;

        for epoch in of_each_flavour()? {
            let section = epoch.enter_detached();
            let mut tasks = KVec::new();
            for _ in 0..TASKS {
                tasks.push(start_synchronize(&epoch)?, GFP_KERNEL)?;
            }
            wait_until(|| epoch.domain().waiting() == TASKS);
            drop(section);
            for task in tasks {
                task.join();
            }
            // The one that was in progress, and one for all waiters that were too late for it.
            assert!(epoch.grace_periods() <= 2);
        }
        Ok(())
    }

    #[test]
    fn epochs_share_heavy_barriers() -> Result {
        const EPOCHS: usize = 32;

        let mut epochs = KVec::new();
        for _ in 0..EPOCHS {
            epochs.push(Epoch::new_with_rcu(c"kunit_many")?, GFP_KERNEL)?;
        }
        let (mut sections, mut tasks) = (KVec::new(), KVec::new());
        for epoch in &epochs {
            sections.push(epoch.enter_detached(), GFP_KERNEL)?;
            tasks.push(start_synchronize(epoch)?, GFP_KERNEL)?;
        }
        wait_until(|| epochs.iter().all(|epoch| epoch.epoch() == 1));
        let before = heavy_barriers(Flavour::Rcu);
        drop(sections);
        for task in tasks {
            task.join();
        }
        // One that fell between the ends of two sections, and a few if this task was interrupted
        // there.
        let barriers = heavy_barriers(Flavour::Rcu) - before;
        assert!(barriers <= EPOCHS / 4);
        Ok(())
    }

    #[test]
    fn waiter_returns_soon_while_others_wait_back_to_back() -> Result {
        const TIMES: usize = 10;
        const LIMIT: Delta = Delta::from_secs(20);

        for epoch in of_each_flavour()? {
            let stop = shared()?;
            let mut others = KVec::new();
            for _ in 0..3 {
                let epoch = epoch.clone();
                others.push(repeat(&stop, move || epoch.synchronize())?, GFP_KERNEL)?;
            }
            let waits: [fn(&Epoch) -> Result; 3] = [
                |epoch| epoch.synchronize_timeout(LIMIT),
                Epoch::synchronize_killable,
                Epoch::synchronize_interruptible,
            ];
            let (mut results, mut longest) = (Ok(()), Delta::from_millis(0));
            let mut fewest = [usize::MAX; 3];
            for (wait, fewest) in waits.iter().zip(&mut fewest) {
                for _ in 0..TIMES {
                    let before = epoch.grace_periods();
                    let begun = Instant::<Monotonic>::now();
                    results = results.and(wait(&epoch));
                    if begun.elapsed() > longest {
                        longest = begun.elapsed();
                    }
                    *fewest = (*fewest).min(epoch.grace_periods() - before);
                }
            }
            stop.store(1, Relaxed);
            drop(others);
            pr_info!(
                "longest wait: {} us; fewest grace periods in one: {:?}\n",
                longest.as_micros_ceil(),
                fewest
            );
            assert_eq!(results, Ok(()));
            assert!(longest < LIMIT);
            // Its own, and those that passed until it got a CPU; not all that others wait for.
            assert!(fewest.iter().all(|&fewest| fewest <= 50));
        }
        Ok(())
    }

    #[test]
    fn waiter_that_gives_up_undoes_nothing_of_others() -> Result {
        for epoch in of_each_flavour()? {
            let section = epoch.enter_detached();
            let patient = start_synchronize(&epoch)?;
            // One slot was found drained.
            wait_until(|| epoch.epoch() == 1);
            let before = heavy_barriers(epoch.flavour());
            for _ in 0..5 {
                let result = epoch.synchronize_timeout(Delta::from_millis(10));
                assert_eq!(result, Err(etime()));
            }
            assert_eq!(epoch.epoch(), 1);
            assert_eq!(heavy_barriers(epoch.flavour()), before);
            assert!(!patient.has_returned());
            drop(section);
            patient.join();
            wait_until(|| epoch.domain().has_left());
            assert!(epoch.grace_periods() >= 1);
            // Each has advanced twice: no completed step was repeated.
            assert_eq!(epoch.epoch(), 2 * epoch.grace_periods());
        }
        Ok(())
    }

    #[test]
    fn grace_period_that_all_have_abandoned_is_resumed_where_it_was() -> Result {
        settled();
        for epoch in of_each_flavour()? {
            let section = epoch.enter_detached();
            let start = heavy_barriers(epoch.flavour());
            for _ in 0..3 {
                let result = epoch.synchronize_timeout(Delta::from_millis(100));
                assert_eq!(result, Err(etime()));
                // One slot was found drained, once.
                assert_eq!(epoch.epoch(), 1);
                assert_eq!(heavy_barriers(epoch.flavour()) - start, 1);
                // The grace period is abandoned.
                wait_until(|| epoch.domain().has_left());
            }
            assert_eq!(epoch.grace_periods(), 0);
            drop(section);
            // A barrier for the other slot, and one for a grace period that begins after now.
            epoch.synchronize();
            assert_eq!(heavy_barriers(epoch.flavour()) - start, 3);
            assert_eq!(epoch.grace_periods(), 2);
            assert_eq!(epoch.epoch(), 4);
        }
        Ok(())
    }

    #[test]
    fn grace_period_takes_two_barriers_at_most_while_a_reader_keeps_coming() -> Result {
        const GRACE_PERIODS: usize = 20;
        // A reader may be interrupted between its look at the active slot and its increment.
        const LATE: usize = GRACE_PERIODS / 4;

        settled();
        for epoch in of_each_flavour()? {
            let (stop, sections) = (shared()?, shared()?);
            let reader = repeat(&stop, {
                let (epoch, sections) = (epoch.clone(), sections.clone());
                move || {
                    drop(epoch.enter());
                    sections.fetch_add(1, Relaxed);
                    sched::cond_resched();
                }
            })?;
            wait_until(|| sections.load(Relaxed) != 0);
            let before = heavy_barriers(epoch.flavour());
            for _ in 0..GRACE_PERIODS {
                epoch.synchronize();
            }
            let barriers = heavy_barriers(epoch.flavour()) - before;
            stop.store(1, Relaxed);
            reader.join();
            pr_info!("{barriers} barriers in {GRACE_PERIODS} grace periods\n");
            assert_eq!(epoch.grace_periods(), GRACE_PERIODS);
            assert!(barriers <= 2 * GRACE_PERIODS + LATE);
        }
        Ok(())
    }

    #[test]
    fn grace_period_takes_one_barrier_without_readers() -> Result {
        const GRACE_PERIODS: usize = 10;

        settled();
        for epoch in of_each_flavour()? {
            let before = heavy_barriers(epoch.flavour());
            for _ in 0..GRACE_PERIODS {
                epoch.synchronize();
            }
            assert_eq!(epoch.grace_periods(), GRACE_PERIODS);
            let barriers = heavy_barriers(epoch.flavour()) - before;
            assert_eq!(barriers, GRACE_PERIODS);
        }
        Ok(())
    }

    #[test]
    fn waiter_that_gets_no_cpu_holds_up_nobody() -> Result {
        let cpus = online()?;
        let &[here, there, ..] = &cpus[..] else {
            drop(cpus);
            skip(c"takes two CPUs");
            return Ok(());
        };
        // An RCU grace period does wait for such a CPU.
        for flavour in [Flavour::Ipi, Flavour::Fenced] {
            let epoch = Epoch::build(c"kunit_starved", flavour)?;
            let section = epoch.enter_detached().into_raw();
            let waiter = Waiter::start({
                let epoch = epoch.clone();
                move || {
                    let _ = move_to(there);
                    epoch.synchronize();
                }
            })?;
            // One slot was found drained: the waiter, or the engine, looks at the other one.
            wait_until(|| epoch.epoch() == 1);
            let (stop, state, runs) = (shared()?, shared()?, shared()?);
            let deferred = counting(&runs)?;
            let others = spawn({
                let (stop, state, runs) = (stop.clone(), state.clone(), runs.clone());
                let epoch = epoch.clone();
                move || {
                    let _ = move_to(here);
                    let hog = occupy(there, &stop, &state);
                    wait_until(|| hog.is_err() || state.load(Relaxed) != 0);
                    // SAFETY: The section was entered in this epoch, and is left once.
                    drop(unsafe { Detached::from_raw(&epoch, section) });
                    epoch.synchronize();
                    epoch.defer(deferred);
                    wait_until(|| runs.load(Relaxed) == 1);
                    epoch.barrier();
                    stop.store(1, Relaxed);
                }
            })?;
            others.join();
            waiter.join();
            assert_eq!(state.load(Relaxed), OCCUPIED);
        }
        Ok(())
    }

    #[test]
    fn callbacks_and_waits_with_rcu_or_fences_send_no_interrupts() -> Result {
        settled();
        for flavour in [Flavour::Rcu, Flavour::Fenced] {
            let before = ipis();
            let epoch = Epoch::build(c"kunit_quiet", flavour)?;
            for cpu in online()? {
                move_to(cpu)?;
                call(&epoch, 10)?;
            }
            epoch.barrier();
            epoch.synchronize();
            let cookie = epoch.start_poll();
            wait_until(|| epoch.poll(cookie));
            call(&epoch, 10)?;
            Epoch::close(epoch);
            assert_eq!(ipis(), before);
        }
        // Check that the counter counts.
        let before = ipis();
        new()?.synchronize();
        assert!(ipis() > before || online()?.len() == 1);
        Ok(())
    }

    #[test]
    fn section_that_sleeps_across_rcu_grace_periods_holds_up_its_own() -> Result {
        let epoch = Epoch::new_with_rcu(c"kunit_rcu")?;
        let section = epoch.enter();
        let waiter = start_synchronize(&epoch)?;
        for _ in 0..3 {
            a_while();
            compat::synchronize_rcu();
            assert!(!waiter.has_returned());
        }
        drop(section);
        waiter.join();
        Ok(())
    }

    #[test]
    fn many_tasks_wait_for_many_epochs_on_few_cpus() -> Result {
        const EPOCHS: usize = 8;
        const TASKS: usize = 4;
        const WAITS: u32 = 5;

        let waits = shared()?;
        let mut tasks = KVec::new();
        for _ in 0..EPOCHS {
            let epoch: ARef<Epoch> = new()?;
            for _ in 0..TASKS {
                let (epoch, waits) = (epoch.clone(), waits.clone());
                let wait = move || {
                    for _ in 0..WAITS {
                        let section = epoch.enter();
                        fsleep(Delta::from_micros(100));
                        drop(section);
                        epoch.synchronize();
                        waits.fetch_add(1, Relaxed);
                    }
                };
                tasks.push(spawn(wait)?, GFP_KERNEL)?;
            }
        }
        drop(tasks);
        assert_eq!(waits.load(Relaxed), (EPOCHS * TASKS) as u32 * WAITS);
        Ok(())
    }
}
