// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of callbacks: when and how often they are invoked, and waits for them.

use super::{
    call,
    counting,
    move_to,
    new,
    of_each_flavour,
    online, //
};
use crate::{
    Deferred,
    Epoch,
    EpochPtr,
    Head,
    Owned, //
};
use core::ptr::NonNull;
use kernel::{
    cpu::CpuId,
    macros::kunit_tests,
    prelude::*,
    sync::{
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
    cpu,
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

/// A callback that queues itself again until `left` is 0.
#[repr(C)]
struct Again {
    // First, so that its address is that of the whole.
    head: Head,
    epoch: NonNull<Epoch>,
    left: Arc<Atomic<u32>>,
}

impl Again {
    fn new(epoch: &Epoch, left: &Arc<Atomic<u32>>) -> Result<NonNull<Again>> {
        let again = KBox::new(
            Self {
                head: Head::new(),
                epoch: NonNull::from(epoch),
                left: left.clone(),
            },
            GFP_KERNEL,
        )?;
        // SAFETY: A box's pointer is not null.
        Ok(unsafe { NonNull::new_unchecked(KBox::into_raw(again)) })
    }

    /// # Safety
    ///
    /// `head` is that of an [`Again`] whose epoch is live, and nobody else uses it.
    unsafe extern "C" fn callback(head: *mut Head) {
        let again = head.cast::<Again>();
        // SAFETY: `again` is live, and only this function uses it.
        let (epoch, left) = unsafe { ((*again).epoch.as_ref(), &(*again).left) };
        // Longer than `close` takes to reach its wait for this callback.
        fsleep(Delta::from_millis(2));
        if left.fetch_sub(1, Relaxed) > 1 {
            // SAFETY: The head is queued once, and freed by the last callback.
            unsafe { epoch.call(NonNull::new_unchecked(head), Self::callback) };
        } else {
            // SAFETY: `new` leaked a box, and its head is not queued again.
            drop(unsafe { KBox::from_raw(again) });
        }
    }
}

#[kunit_tests(epoch_callbacks)]
mod tests {
    use super::*;

    #[test]
    fn callback_runs_once_and_not_early() -> Result {
        let epoch = new()?;
        let runs = shared()?;
        let section = epoch.enter();
        epoch.defer(counting(&runs)?);
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
    fn callback_given_during_a_grace_period_waits_for_the_next() -> Result {
        // Both callbacks go to one queue.
        move_to(online()?[0])?;
        let epoch = new()?;
        let (first, second) = (shared()?, shared()?);
        let before = epoch.epoch();
        let older = epoch.enter();
        epoch.defer(counting(&first)?);
        wait_until(|| epoch.epoch() != before);
        // The grace period is in progress, and does not wait for this section.
        let younger = epoch.enter();
        epoch.defer(counting(&second)?);
        drop(older);
        wait_until(|| first.load(Relaxed) == 1);
        a_while();
        assert_eq!(second.load(Relaxed), 0);
        drop(younger);
        epoch.barrier();
        assert_eq!(second.load(Relaxed), 1);
        Ok(())
    }

    #[test]
    fn callback_may_be_given_in_interrupt() -> Result {
        let epoch = new()?;
        let runs = shared()?;
        for cpu in cpu::possible() {
            // A CPU that is not online queues none.
            let deferred = &mut Some(counting(&runs)?);
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
        let epoch = new()?;
        let left = shared()?;
        left.store(5, Relaxed);
        let again = Again::new(&epoch, &left)?;
        // SAFETY: `again` was just created, and nobody else uses it.
        unsafe { epoch.call(again.cast(), Again::callback) };
        wait_until(|| left.load(Relaxed) == 0);
        assert_eq!(left.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn each_barrier_waits_for_callback_that_was_given_again() -> Result {
        const TIMES: u32 = 4;

        let epoch = new()?;
        let left = shared()?;
        left.store(TIMES, Relaxed);
        let again = Again::new(&epoch, &left)?;
        // SAFETY: `again` was just created, and nobody else uses it.
        unsafe { epoch.call(again.cast(), Again::callback) };
        for done in 1..=TIMES {
            epoch.barrier();
            assert!(left.load(Relaxed) <= TIMES - done);
        }
        assert_eq!(epoch.pending(), 0);
        Ok(())
    }

    #[test]
    fn callback_waits_for_the_last_of_overlapping_sections() -> Result {
        const SECTIONS: usize = 10;
        const ROUNDS: usize = 10;

        let epoch = new()?;
        let stop = shared()?;
        // Other tasks wait for grace periods and callbacks all the time.
        let spawn_loop = |wait: fn(&Epoch)| {
            let (epoch, stop) = (epoch.clone(), stop.clone());
            spawn(move || {
                while stop.load(Relaxed) == 0 {
                    wait(&epoch);
                    fsleep(Delta::from_micros(100));
                }
            })
        };
        let others = (spawn_loop(Epoch::barrier)?, spawn_loop(Epoch::synchronize)?);
        let (mut early, mut calls, mut random) = (0, 0, 1usize);
        for _ in 0..ROUNDS {
            let runs = shared()?;
            let mut sections = KVec::new();
            for _ in 0..SECTIONS {
                sections.push(epoch.enter(), GFP_KERNEL)?;
            }
            epoch.defer(counting(&runs)?);
            while !sections.is_empty() {
                fsleep(Delta::from_micros(200));
                early += runs.load(Relaxed);
                random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                drop(sections.remove((random >> 16) % sections.len()));
            }
            epoch.barrier();
            calls += runs.load(Relaxed);
        }
        stop.store(1, Relaxed);
        // Waits for the threads.
        drop(others);
        assert_eq!(early, 0);
        assert_eq!(calls as usize, ROUNDS);
        assert_eq!(epoch.pending(), 0);
        Ok(())
    }

    #[test]
    fn barrier_waits_for_all_callbacks() -> Result {
        const THREADS: u32 = 4;
        const CALLBACKS: u32 = 250;

        let epoch = new()?;
        let runs = shared()?;
        let mut threads = KVec::new();
        for _ in 0..THREADS {
            let (epoch, runs) = (epoch.clone(), runs.clone());
            threads.push(
                spawn(move || {
                    for _ in 0..CALLBACKS {
                        if let Ok(deferred) = counting(&runs) {
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
        assert_eq!(epoch.pending(), 0);
        Ok(())
    }

    #[test]
    fn close_waits_for_callbacks() -> Result {
        const CALLBACKS: u32 = 100;

        for _ in 0..10 {
            let epoch = Epoch::new(c"kunit_drop")?;
            let runs = shared()?;
            for _ in 0..CALLBACKS {
                epoch.defer(counting(&runs)?);
            }
            Epoch::close(epoch);
            assert_eq!(runs.load(Relaxed), CALLBACKS);
        }
        Ok(())
    }

    #[test]
    fn close_waits_for_callbacks_that_are_queued_again() -> Result {
        for _ in 0..5 {
            let epoch = Epoch::new(c"kunit_again")?;
            let left = shared()?;
            left.store(5, Relaxed);
            let again = Again::new(&epoch, &left)?;
            // SAFETY: `again` was just created, and nobody else uses it.
            unsafe { epoch.call(again.cast(), Again::callback) };
            Epoch::close(epoch);
            assert_eq!(left.load(Relaxed), 0);
        }
        Ok(())
    }

    #[test]
    fn barrier_waits_for_own_callback_while_others_call() -> Result {
        const ROUNDS: u32 = 200;
        // On a busy machine, fewer rounds have to do.
        const LIMIT: Delta = Delta::from_secs(2);

        let epoch = new()?;
        let (stop, others) = (shared()?, shared()?);
        let other = spawn({
            let (epoch, stop, others) = (epoch.clone(), stop.clone(), others.clone());
            move || {
                while stop.load(Relaxed) == 0 {
                    if let Ok(deferred) = counting(&others) {
                        epoch.defer(deferred);
                    }
                    fsleep(Delta::from_micros(10));
                }
            }
        })?;
        let mut late = 0;
        let start = Instant::<Monotonic>::now();
        for _ in 0..ROUNDS {
            if start.elapsed() >= LIMIT {
                break;
            }
            let runs = shared()?;
            epoch.defer(counting(&runs)?);
            epoch.barrier();
            late += 1 - runs.load(Relaxed);
        }
        stop.store(1, Relaxed);
        other.join();
        assert_eq!(late, 0);
        Ok(())
    }

    #[test]
    fn lone_callback_is_invoked_although_nobody_else_comes() -> Result {
        for epoch in of_each_flavour()? {
            let runs = shared()?;
            // The last of a few arrives when the worker is about to end.
            for run in 1..=5 {
                epoch.defer(counting(&runs)?);
                wait_until(|| runs.load(Relaxed) == run);
            }
        }
        Ok(())
    }

    #[test]
    fn callback_is_invoked_on_the_cpu_that_queued_it() -> Result {
        const CALLBACKS: u32 = 20;

        for epoch in of_each_flavour()? {
            let (right, wrong) = (shared()?, shared()?);
            let cpus = online()?;
            for &cpu in &cpus {
                let mut callbacks = KVec::new();
                for _ in 0..CALLBACKS {
                    let (right, wrong) = (right.clone(), wrong.clone());
                    let tell = move || {
                        let here = CpuId::current();
                        let counter = [&wrong, &right][usize::from(here == cpu)];
                        counter.fetch_add(1, Relaxed);
                    };
                    callbacks.push(Deferred::new(tell, GFP_KERNEL)?, GFP_KERNEL)?;
                }
                // The vector must not be freed in an interrupt.
                run_on(cpu, || {
                    while let Some(callback) = callbacks.pop() {
                        epoch.defer(callback);
                    }
                })?;
            }
            epoch.barrier();
            assert_eq!(wrong.load(Relaxed), 0);
            assert_eq!(right.load(Relaxed), cpus.len() as u32 * CALLBACKS);
        }
        Ok(())
    }

    #[test]
    fn callback_that_sleeps_does_not_delay_those_of_other_cpus() -> Result {
        for epoch in of_each_flavour()? {
            let cpus = online()?;
            let (release, asleep, runs) = (shared()?, shared()?, shared()?);
            let sleep = {
                let (release, asleep) = (release.clone(), asleep.clone());
                move || {
                    asleep.store(1, Relaxed);
                    wait_until(|| release.load(Relaxed) == 1);
                }
            };
            let mut sleep = Some(Deferred::new(sleep, GFP_KERNEL)?);
            run_on(cpus[0], || sleep.take().map_or((), |d| epoch.defer(d)))?;
            wait_until(|| asleep.load(Relaxed) == 1);
            for &cpu in &cpus[1..] {
                let mut deferred = Some(counting(&runs)?);
                run_on(cpu, || deferred.take().map_or((), |d| epoch.defer(d)))?;
            }
            // Else this would wait forever.
            wait_until(|| runs.load(Relaxed) as usize == cpus.len() - 1);
            epoch.synchronize();
            assert_eq!(epoch.pending(), 1);
            release.store(1, Relaxed);
            epoch.barrier();
        }
        Ok(())
    }

    #[test]
    fn callback_may_wait_for_its_own_epoch_and_for_others() -> Result {
        for epoch in of_each_flavour()? {
            let other = new()?;
            let runs = shared()?;
            // An epoch whose only reference is the callback's.
            let own = new()?;
            call(&own, 3)?;
            other.defer(Deferred::new(a_while, GFP_KERNEL)?);
            let pending = shared()?;
            let wait = {
                let (epoch, other, runs) = (epoch.clone(), other.clone(), runs.clone());
                let pending = pending.clone();
                move || {
                    other.barrier();
                    pending.store(other.pending() as u32, Relaxed);
                    epoch.synchronize();
                    epoch.synchronize_expedited();
                    let cookie = epoch.start_poll();
                    wait_until(|| epoch.poll(cookie));
                    drop(epoch.enter());
                    other.synchronize();
                    other.throttle();
                    Epoch::close(own);
                    runs.fetch_add(1, Relaxed);
                }
            };
            epoch.defer(Deferred::new(wait, GFP_KERNEL)?);
            epoch.barrier();
            assert_eq!(runs.load(Relaxed), 1);
            assert_eq!(pending.load(Relaxed), 0);
        }
        Ok(())
    }

    #[test]
    fn callbacks_of_two_epochs_may_wait_for_each_other() -> Result {
        const ROUNDS: usize = 5;

        let (first, second) = (new()?, new()?);
        for _ in 0..ROUNDS {
            let runs = shared()?;
            for (epoch, other) in [(&first, &second), (&second, &first)] {
                let (other, runs) = (other.clone(), runs.clone());
                let wait = move || {
                    other.synchronize();
                    runs.fetch_add(1, Relaxed);
                };
                epoch.defer(Deferred::new(wait, GFP_KERNEL)?);
            }
            first.barrier();
            second.barrier();
            assert_eq!(runs.load(Relaxed), 2);
        }
        Ok(())
    }

    #[test]
    fn callback_needs_a_section_of_its_own_for_what_others_free() -> Result {
        /// An object whose field is 0 once it has been freed.
        struct Valid(Atomic<u32>);

        impl Drop for Valid {
            fn drop(&mut self) {
                self.0.store(0, Relaxed);
            }
        }

        let valid = || Owned::new(Valid(Atomic::new(1)), GFP_KERNEL);
        let epoch = new()?;
        let pointer = Arc::new(EpochPtr::new(epoch.clone(), Some(valid()?)), GFP_KERNEL)?;
        let (inside, errors) = (shared()?, shared()?);
        let look = {
            let (epoch, pointer) = (epoch.clone(), pointer.clone());
            let (inside, errors) = (inside.clone(), errors.clone());
            move || {
                let section = epoch.enter();
                let object = pointer.load(&section);
                inside.store(1, Relaxed);
                a_while();
                if object.map_or(0, |object| object.0.load(Relaxed)) == 0 {
                    errors.fetch_add(1, Relaxed);
                }
            }
        };
        epoch.defer(Deferred::new(look, GFP_KERNEL)?);
        wait_until(|| inside.load(Relaxed) == 1);
        // A grace period waits for the callback's section as for any other.
        drop(pointer.swap(Some(valid()?)).map(|old| old.synchronize()));
        epoch.barrier();
        assert_eq!(errors.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn flood_leaves_nothing_behind() -> Result {
        for epoch in of_each_flavour()? {
            for cpu in online()? {
                move_to(cpu)?;
                call(&epoch, 500)?;
            }
            epoch.barrier();
            assert_eq!(epoch.pending(), 0);
            // The queues have no tender, and the epoch has left its engine.
            wait_until(|| epoch.has_no_tenders());
        }
        Ok(())
    }
}
