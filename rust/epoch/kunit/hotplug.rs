// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of CPUs that go offline and come back: sections counted there, and callbacks queued
//! there, are not lost.

use super::{
    counting,
    move_to,
    new,
    synchronize_returns_after, //
};
use crate::{
    Detached,
    Epoch,
    EpochPtr,
    Owned, //
};
use kernel::{
    bindings,
    cpu::CpuId,
    error::to_result,
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
        Delta, //
    }, //
};
use kernel_ext::{
    cpu,
    sched,
    testing::{
        a_while,
        shared,
        wait_until, //
    },
    threads::{
        run_on,
        spawn, //
    }, //
};

/// Creates an epoch of each flavour whose grace periods involve other CPUs.
fn epochs() -> Result<[ARef<Epoch>; 2]> {
    Ok([new()?, Epoch::new_with_rcu(c"kunit_hotplug_rcu")?])
}

/// A CPU that is offline until this is dropped.
struct Offline(CpuId);

impl Offline {
    fn take(cpu: CpuId) -> Result<Self> {
        // SAFETY: The tests run in process context.
        to_result(unsafe { bindings::remove_cpu(cpu.as_u32()) })?;
        Ok(Self(cpu))
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        // SAFETY: The tests run in process context.
        let result = to_result(unsafe { bindings::add_cpu(self.0.as_u32()) });
        if result.is_err() {
            pr_err!("CPU {} does not come back\n", self.0.as_u32());
        }
    }
}

/// Returns the CPUs that can be taken offline: x86 keeps the first one.
fn removable() -> Result<KVec<CpuId>> {
    let mut cpus = KVec::new();
    for cpu in cpu::possible().skip(1) {
        if run_on(cpu, || ()).is_ok() {
            cpus.push(cpu, GFP_KERNEL)?;
        }
    }
    Ok(cpus)
}

fn last_cpu() -> Result<CpuId> {
    removable()?.pop().ok_or(ENODEV)
}

/// Takes CPUs offline and back: one after the other, and then all of them at a time.
fn come_and_go(rounds: usize) -> Result {
    let cpus = removable()?;
    if cpus.is_empty() {
        return Err(ENODEV);
    }
    for _ in 0..rounds {
        for &cpu in &cpus {
            drop(Offline::take(cpu)?);
        }
        let mut all = KVec::new();
        for &cpu in &cpus {
            all.push(Offline::take(cpu)?, GFP_KERNEL)?;
        }
    }
    Ok(())
}

/// An object that must not be used after it was freed.
struct Entry {
    valid: Atomic<u32>,
    freed: Arc<Atomic<u32>>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.valid.store(0, Relaxed);
        self.freed.fetch_add(1, Relaxed);
    }
}

/// An entry that tasks look at and replace, while CPUs come and go.
struct Load {
    entry: EpochPtr<Entry>,
    epoch: ARef<Epoch>,
    stop: Atomic<u32>,
    looks: Atomic<u32>,
    replaced: Atomic<u32>,
    freed: Arc<Atomic<u32>>,
    errors: Atomic<u32>,
}

impl Load {
    fn new(epoch: &ARef<Epoch>) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                entry: EpochPtr::new(epoch.clone(), None),
                epoch: epoch.clone(),
                stop: Atomic::new(0),
                looks: Atomic::new(0),
                replaced: Atomic::new(0),
                freed: shared()?,
                errors: Atomic::new(0),
            },
            GFP_KERNEL,
        )?)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    fn look(&self) {
        while !self.is_stopped() {
            for sleep in [false, false, false, true] {
                let guard = self.epoch.enter();
                if let Some(entry) = self.entry.load(&guard) {
                    if sleep {
                        // The task is most likely to migrate here.
                        fsleep(Delta::from_micros(100));
                    }
                    if entry.valid.load(Relaxed) == 0 {
                        self.errors.fetch_add(1, Relaxed);
                    }
                }
                drop(guard);
                self.looks.fetch_add(1, Relaxed);
            }
            sched::cond_resched();
        }
    }

    /// Replaces the entry. Every other old one is freed by a callback, the rest here after a wait.
    fn replace(&self) {
        for waits in [false, true].into_iter().cycle() {
            if self.is_stopped() {
                break;
            }
            let entry = Entry {
                valid: Atomic::new(1),
                freed: self.freed.clone(),
            };
            let Ok(entry) = Owned::new(entry, GFP_KERNEL) else {
                continue;
            };
            let old = self.entry.swap(Some(entry));
            self.replaced.fetch_add(1, Relaxed);
            if waits {
                drop(old.map(|old| old.synchronize()));
            }
            fsleep(Delta::from_micros(20));
        }
    }
}

#[kunit_tests(epoch_hotplug)]
mod tests {
    use super::*;

    #[test]
    fn synchronize_waits_for_section_of_cpu_that_went_offline() -> Result {
        for epoch in epochs()? {
            let cpu = last_cpu()?;
            let mut section: Option<Detached<'_>> = None;
            run_on(cpu, || section = Some(epoch.enter_detached()))?;
            let offline = Offline::take(cpu)?;
            assert_eq!(epoch.readers(), 1);
            assert!(synchronize_returns_after(&epoch, || drop(section))?);
            assert_eq!(epoch.readers(), 0);
            drop(offline);
            assert_eq!(epoch.readers(), 0);
        }
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_section_of_cpu_that_came_back() -> Result {
        for epoch in epochs()? {
            let cpu = last_cpu()?;
            let mut section: Option<Detached<'_>> = None;
            run_on(cpu, || section = Some(epoch.enter_detached()))?;
            drop(Offline::take(cpu)?);
            let leave = || {
                let _ = run_on(cpu, || drop(section.take()));
            };
            assert!(synchronize_returns_after(&epoch, leave)?);
            assert_eq!(epoch.readers(), 0);
        }
        Ok(())
    }

    #[test]
    fn synchronize_does_not_wait_for_section_that_was_left_on_cpu_that_went_offline() -> Result {
        for epoch in epochs()? {
            let cpu = last_cpu()?;
            let section = epoch.enter_detached();
            run_on(cpu, || drop(section))?;
            let _offline = Offline::take(cpu)?;
            assert_eq!(epoch.readers(), 0);
            assert_eq!(epoch.synchronize_timeout(Delta::from_secs(20)), Ok(()));
        }
        Ok(())
    }

    #[test]
    fn synchronize_waits_for_section_whose_task_was_moved_off_its_cpu() -> Result {
        for epoch in epochs()? {
            let cpu = last_cpu()?;
            // The CPUs on which the task entered and left its section.
            let (entered, left, release) = (shared()?, shared()?, shared()?);
            let thread = spawn({
                let (entered, left) = (entered.clone(), left.clone());
                let (epoch, release) = (epoch.clone(), release.clone());
                move || {
                    let _ = move_to(cpu);
                    let section = epoch.enter();
                    entered.store(1 + CpuId::current().as_u32(), Relaxed);
                    wait_until(|| release.load(Relaxed) != 0);
                    left.store(1 + CpuId::current().as_u32(), Relaxed);
                    drop(section);
                }
            })?;
            wait_until(|| entered.load(Relaxed) != 0);
            let _offline = Offline::take(cpu)?;
            assert!(synchronize_returns_after(&epoch, || release.store(1, Relaxed))?);
            thread.join();
            assert_eq!(entered.load(Relaxed), 1 + cpu.as_u32());
            assert!(left.load(Relaxed) != entered.load(Relaxed));
            assert_eq!(epoch.readers(), 0);
        }
        Ok(())
    }

    #[test]
    fn callback_of_cpu_that_went_offline_is_called() -> Result {
        for epoch in epochs()? {
            let cpu = last_cpu()?;
            let runs = shared()?;
            let section = epoch.enter_detached();
            // Starts the grace period that the next callback is too late for.
            epoch.defer(counting(&runs)?);
            a_while();
            let deferred = &mut Some(counting(&runs)?);
            run_on(cpu, || deferred.take().map_or((), |d| epoch.defer(d)))?;
            let _offline = Offline::take(cpu)?;
            assert_eq!(runs.load(Relaxed), 0);
            drop(section);
            epoch.barrier();
            assert_eq!(runs.load(Relaxed), 2);
        }
        Ok(())
    }

    #[test]
    fn callback_queued_just_before_its_cpu_goes_offline_is_invoked() -> Result {
        const ROUNDS: u32 = 5;

        for epoch in epochs()? {
            let cpu = last_cpu()?;
            let runs = shared()?;
            for _ in 0..ROUNDS {
                // The callback is collected a jiffy later, there or elsewhere.
                let deferred = &mut Some(counting(&runs)?);
                run_on(cpu, || deferred.take().map_or((), |d| epoch.defer(d)))?;
                let _offline = Offline::take(cpu)?;
                // Nobody else asks for a grace period.
                wait_until(|| epoch.pending() == 0);
            }
            assert_eq!(runs.load(Relaxed), ROUNDS);
        }
        Ok(())
    }

    #[test]
    fn grace_periods_pass_in_each_state_of_a_cpu_that_comes_and_goes() -> Result {
        for epoch in epochs()? {
            let stop = shared()?;
            let waits = shared()?;
            let waiter = spawn({
                let (epoch, stop, waits) = (epoch.clone(), stop.clone(), waits.clone());
                move || {
                    while stop.load(Relaxed) == 0 {
                        epoch.synchronize();
                        waits.fetch_add(1, Relaxed);
                    }
                }
            })?;
            let result = come_and_go(2);
            let before = waits.load(Relaxed);
            // The waiter is not stuck.
            wait_until(|| waits.load(Relaxed) != before);
            stop.store(1, Relaxed);
            waiter.join();
            assert_eq!(result, Ok(()));
        }
        Ok(())
    }

    #[test]
    fn nothing_is_lost_or_freed_early_while_cpus_come_and_go() -> Result {
        const READERS: usize = 3;
        const WRITERS: usize = 2;

        for epoch in epochs()? {
            let load = Load::new(&epoch)?;
            let mut threads = KVec::new();
            for _ in 0..READERS {
                let load = load.clone();
                threads.push(spawn(move || load.look())?, GFP_KERNEL)?;
            }
            for _ in 0..WRITERS {
                let load = load.clone();
                threads.push(spawn(move || load.replace())?, GFP_KERNEL)?;
            }
            let result = come_and_go(3);
            load.stop.store(1, Relaxed);
            for thread in threads {
                thread.join();
            }
            pr_info!(
                "{} looks, {} replaced\n",
                load.looks.load(Relaxed),
                load.replaced.load(Relaxed)
            );
            let (replaced, freed) = (load.replaced.load(Relaxed), load.freed.clone());
            assert_eq!(result, Ok(()));
            assert_eq!(load.errors.load(Relaxed), 0);
            assert!(load.looks.load(Relaxed) > 0);
            assert!(replaced > 0);
            drop(load);
            epoch.barrier();
            assert_eq!(freed.load(Relaxed), replaced);
            assert_eq!(epoch.readers(), 0);
        }
        Ok(())
    }
}
