// SPDX-License-Identifier: GPL-2.0

//! Callbacks: when they are called, how often, and who waits for them.

use super::{
    counting,
    new, //
};
use crate::{
    Epoch,
    Head, //
};
use core::ptr::NonNull;
use kernel::{
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

/// Gives itself to its epoch again until `left` is 0.
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
    /// `head` is that of an [`Again`] whose epoch is live, and nobody else has it.
    unsafe extern "C" fn callback(head: NonNull<Head>) {
        let again = head.cast::<Again>();
        // SAFETY: By the caller's promise it is live, and this function's.
        let (epoch, left) = unsafe { (again.as_ref().epoch.as_ref(), &again.as_ref().left) };
        // Longer than whoever drops the epoch needs to get to where it waits for this.
        fsleep(Delta::from_millis(2));
        if left.fetch_sub(1, Relaxed) > 1 {
            // SAFETY: It is given once, and freed by the last callback.
            unsafe { epoch.call(head, Self::callback) };
        } else {
            // SAFETY: `new` made a box of it, and it is not given again.
            drop(unsafe { KBox::from_raw(again.as_ptr()) });
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
        let epoch = new()?;
        let (first, second) = (shared()?, shared()?);
        let before = epoch.epoch();
        let older = epoch.enter();
        epoch.defer(counting(&first)?);
        wait_until(|| epoch.epoch() != before);
        // It is running, and does not wait for this one.
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
            // A CPU that is not online takes none.
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
        // SAFETY: It was just made, and given to nobody else.
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
        // SAFETY: It was just made, and given to nobody else.
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
        // Others wait for grace periods and callbacks all the time.
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
        // Waits for them.
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
    fn drop_waits_for_callbacks() -> Result {
        const CALLBACKS: u32 = 100;

        for _ in 0..10 {
            let epoch = KBox::pin_init(Epoch::new(c"kunit_drop"), GFP_KERNEL)?;
            let runs = shared()?;
            for _ in 0..CALLBACKS {
                epoch.defer(counting(&runs)?);
            }
            drop(epoch);
            assert_eq!(runs.load(Relaxed), CALLBACKS);
        }
        Ok(())
    }

    #[test]
    fn drop_waits_for_callbacks_that_are_given_again() -> Result {
        for _ in 0..5 {
            let epoch = KBox::pin_init(Epoch::new(c"kunit_again"), GFP_KERNEL)?;
            let left = shared()?;
            left.store(5, Relaxed);
            let again = Again::new(&epoch, &left)?;
            // SAFETY: It was just made, and given to nobody else.
            unsafe { epoch.call(again.cast(), Again::callback) };
            drop(epoch);
            assert_eq!(left.load(Relaxed), 0);
        }
        Ok(())
    }

    #[test]
    fn barrier_waits_for_own_callback_while_others_call() -> Result {
        const ROUNDS: u32 = 200;
        // On a machine that is busy, fewer have to do.
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
}
