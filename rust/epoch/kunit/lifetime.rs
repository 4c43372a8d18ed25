// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the end of epochs: where the last reference may be dropped, and that nothing is
//! left.

use super::{
    call,
    counting,
    new,
    of_each_flavour,
    online,
    settled, //
};
use crate::{
    lifetime::alive,
    Deferred,
    Epoch,
    EpochPtr,
    Owned, //
};
use kernel::{
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
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::{
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

/// An object in a list of pointers.
struct Link {
    _next: EpochPtr<Link>,
    freed: Arc<Atomic<u32>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Relaxed);
    }
}

/// Creates a list of `length` objects, each of which has a reference to the epoch.
fn list(epoch: &ARef<Epoch>, length: usize, freed: &Arc<Atomic<u32>>) -> Result<EpochPtr<Link>> {
    let mut first = EpochPtr::new(epoch.clone(), None);
    for _ in 0..length {
        let link = Link {
            _next: first,
            freed: freed.clone(),
        };
        first = EpochPtr::new(epoch.clone(), Some(Owned::new(link, GFP_KERNEL)?));
    }
    Ok(first)
}

#[kunit_tests(epoch_lifetime)]
mod tests {
    use super::*;

    #[test]
    fn last_reference_may_be_dropped_by_a_callback() -> Result {
        let before = settled();
        for epoch in of_each_flavour()? {
            let runs = shared()?;
            let deferred = Deferred::new(
                {
                    let (epoch, runs) = (epoch.clone(), runs.clone());
                    move || {
                        // Other callbacks are queued behind it.
                        drop(epoch);
                        runs.fetch_add(1, Relaxed);
                    }
                },
                GFP_KERNEL,
            )?;
            let others = [counting(&runs)?, counting(&runs)?];
            let section = epoch.enter();
            epoch.defer(deferred);
            for other in others {
                epoch.defer(other);
            }
            drop(section);
            drop(epoch);
            wait_until(|| runs.load(Relaxed) == 3);
        }
        wait_until(|| alive() == before);
        Ok(())
    }

    #[test]
    fn list_of_pointers_is_freed_by_itself() -> Result {
        const LENGTH: usize = 5;

        let before = settled();
        for epoch in of_each_flavour()? {
            let freed = shared()?;
            let list = list(&epoch, LENGTH, &freed)?;
            drop(epoch);
            drop(list);
            // The last object's pointer has the last reference.
            wait_until(|| freed.load(Relaxed) as usize == LENGTH);
        }
        wait_until(|| alive() == before);
        Ok(())
    }

    #[test]
    fn last_reference_may_be_dropped_in_interrupt() -> Result {
        let before = settled();
        for cpu in online()? {
            for callbacks in [0, 3] {
                let epoch = new()?;
                let runs = shared()?;
                let freed = shared()?;
                let mut list = Some(list(&epoch, 2, &freed)?);
                for _ in 0..callbacks {
                    epoch.defer(counting(&runs)?);
                }
                let mut epoch = Some(epoch);
                run_on(cpu, || {
                    drop(epoch.take());
                    drop(list.take());
                })?;
                wait_until(|| freed.load(Relaxed) == 2 && runs.load(Relaxed) == callbacks);

                // An epoch that nothing else keeps alive.
                let mut epoch = Some(new()?);
                run_on(cpu, || drop(epoch.take()))?;
            }
        }
        wait_until(|| alive() == before);
        Ok(())
    }

    #[test]
    fn references_may_be_dropped_by_several_tasks_at_once() -> Result {
        const ROUNDS: usize = 20;
        const TASKS: u32 = 4;

        let before = settled();
        for _ in 0..ROUNDS {
            let epoch = new()?;
            let (ready, runs) = (shared()?, shared()?);
            let mut tasks = KVec::new();
            for task in 0..TASKS {
                let (epoch, ready, runs) = (epoch.clone(), ready.clone(), runs.clone());
                let drop_all = move || {
                    if let Ok(deferred) = counting(&runs) {
                        epoch.defer(deferred);
                    }
                    ready.fetch_add(1, Relaxed);
                    wait_until(|| ready.load(Relaxed) >= TASKS);
                    match task % 2 {
                        0 => Epoch::close(epoch),
                        _ => drop(epoch),
                    }
                };
                tasks.push(spawn(drop_all)?, GFP_KERNEL)?;
            }
            drop(epoch);
            drop(tasks);
            wait_until(|| runs.load(Relaxed) == TASKS);
        }
        wait_until(|| alive() == before);
        Ok(())
    }

    #[test]
    fn epoch_stays_while_it_has_pending_callbacks() -> Result {
        let before = settled();
        let epoch = new()?;
        let (release, runs) = (shared()?, shared()?);
        epoch.defer(Deferred::new(
            {
                let release = release.clone();
                move || wait_until(|| release.load(Relaxed) == 1)
            },
            GFP_KERNEL,
        )?);
        epoch.defer(counting(&runs)?);
        drop(epoch);
        a_while();
        assert_eq!(alive(), before + 1);
        assert_eq!(runs.load(Relaxed), 0);
        release.store(1, Relaxed);
        wait_until(|| alive() == before);
        assert_eq!(runs.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn thousands_of_epochs_are_alive_at_once() -> Result {
        // Each takes several milliseconds with a slow kernel and machine.
        const EPOCHS: usize = match cfg!(CONFIG_PROVE_LOCKING) {
            true => 2_000,
            false => 10_000,
        };

        let before = settled();
        let mut epochs = KVVec::with_capacity(EPOCHS, GFP_KERNEL)?;
        for number in 0..EPOCHS {
            let epoch = match number % 100 {
                0 => Epoch::new_with_rcu(c"kunit_alive")?,
                _ => Epoch::new(c"kunit_alive")?,
            };
            call(&epoch, 1)?;
            epochs.push(epoch, GFP_KERNEL)?;
        }
        assert_eq!(alive() - before, EPOCHS);
        for epoch in epochs.iter().step_by(EPOCHS / 10) {
            epoch.synchronize();
            epoch.barrier();
        }
        drop(epochs);
        wait_until(|| alive() == before);
        Ok(())
    }

    #[test]
    fn thousand_epochs_of_one_name_get_directories_of_their_own() -> Result {
        const EPOCHS: usize = 1_000;

        let begun = Instant::<Monotonic>::now();
        let mut epochs = KVVec::with_capacity(EPOCHS, GFP_KERNEL)?;
        for _ in 0..EPOCHS {
            epochs.push(Epoch::new(c"kunit_same")?, GFP_KERNEL)?;
        }
        // Creates the directories of all.
        let first = epochs[0].sysfs().name();
        assert!(first == c"kunit_same");
        let last = epochs[EPOCHS - 1].sysfs().name();
        assert!(last == c"kunit_same.1000");
        pr_info!("{} ms\n", begun.elapsed().as_millis());
        Ok(())
    }

    #[test]
    fn epochs_that_come_and_go_leave_nothing() -> Result {
        const EPOCHS: usize = 200;

        let before = settled();
        for number in 0..EPOCHS {
            let epoch = new()?;
            drop(epoch.enter());
            if number % 4 == 0 {
                epoch.synchronize();
            }
            if number % 8 == 1 {
                call(&epoch, 1)?;
            }
            match number % 2 {
                0 => Epoch::close(epoch),
                _ => drop(epoch),
            }
        }
        wait_until(|| alive() == before);
        Ok(())
    }
}
