// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the trackers.

use crate::trackers::{
    places::Places,
    Busted,
    Epoch,
    EpochKeyed,
    Kind,
    Lockless,
    Mutex,
    Spin,
    SpinPercpu,
    Srcu,
    SrcuExpedited,
    Tracker, //
};
use kernel::{
    macros::kunit_tests,
    prelude::*,
    str::BStr,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    module_param::Named,
    sched,
    testing::{
        a_while,
        move_to,
        online,
        returns_after,
        shared,
        skip,
        Waiter, //
    },
    threads::spawn, //
};

const PLACES: usize = 64;
const KEY: usize = 0x1000;

/// Creates a tracker without blocks; skips the test if the CPU does not support it.
fn tracker<T: Tracker>(tracker: impl PinInit<T, Error>) -> Result<Arc<T>> {
    if !T::is_supported() {
        skip(c"the CPU lacks cmpxchg16b");
    }
    Arc::pin_init(tracker, GFP_KERNEL)
}

/// Opens a block.
fn start<T: Tracker>(tracker: &T, place: u32) -> T::Block<'_> {
    // SAFETY: Each test has the tracker to itself, and one block at a time in each place.
    unsafe { tracker.start(place) }
}

/// Closes a block.
fn finish<'a, T: Tracker>(tracker: &'a T, block: T::Block<'a>) {
    // SAFETY: Each test has one tracker, in which the block was opened.
    unsafe { tracker.finish(block) };
}

/// Returns whether a wait for [`KEY`] lasts until `block` is finished.
fn wait_returns_after<'a, T: Tracker + 'static>(
    tracker: &'a Arc<T>,
    block: T::Block<'a>,
) -> Result<bool> {
    let waiter = tracker.clone();
    returns_after(
        || finish(&**tracker, block),
        move || {
            waiter.wait(KEY);
        },
    )
}

/// Returns whether a wait for a page lasts until the block that has noted it is finished.
fn waits_for_block<T: Tracker + 'static>(tracker: Arc<T>) -> Result<bool> {
    for _ in 0..4 {
        let block = start(&*tracker, 0);
        tracker.page(&block, KEY);
        if !wait_returns_after(&tracker, block)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether a wait for a page lasts until the block that has noted it is finished, when
/// another block overlaps it and finishes first: a younger one, and then an older one.
fn waits_for_overlapping_blocks<T: Tracker + 'static>(tracker: Arc<T>) -> Result<bool> {
    let older = start(&*tracker, 0);
    let younger = start(&*tracker, 1);
    tracker.page(&older, KEY);
    finish(&*tracker, younger);
    let first = wait_returns_after(&tracker, older)?;

    let older = start(&*tracker, 0);
    let younger = start(&*tracker, 1);
    tracker.page(&younger, KEY);
    finish(&*tracker, older);
    Ok(first && wait_returns_after(&tracker, younger)?)
}

/// Waits, inside a block that has not noted the page, for a page whose block is finished and has
/// been waited for before.
fn does_not_wait_for_page_that_is_past<T: Tracker>(tracker: Arc<T>) {
    let block = start(&*tracker, 0);
    tracker.page(&block, KEY);
    finish(&*tracker, block);
    tracker.wait(KEY);
    let younger = start(&*tracker, 1);
    // It would wait for ever.
    tracker.wait(KEY);
    finish(&*tracker, younger);
}

/// Waits, inside a block, for a page that nobody has noted.
fn does_not_wait_for_page_that_nobody_noted<T: Tracker>(tracker: Arc<T>) {
    let block = start(&*tracker, 0);
    // It would wait for ever.
    tracker.wait(KEY);
    finish(&*tracker, block);
}

/// Returns whether a wait for a page whose block is finished lasts until an older block is
/// finished: the page's generation is not done before.
fn gives_generation_to_older_block<T: Tracker + 'static>(tracker: Arc<T>) -> Result<bool> {
    let older = start(&*tracker, 0);
    let younger = start(&*tracker, 1);
    tracker.page(&younger, KEY);
    finish(&*tracker, younger);
    wait_returns_after(&tracker, older)
}

/// Progress of one thread of [`violations`].
struct Mutator {
    /// Number of the last block that has noted the page.
    noted: Atomic<u64>,
    /// Number of the last block that is about to be finished.
    finished: Atomic<u64>,
}

/// Runs mutators, which open blocks and note a page, against waiters for that page. Returns how
/// often a wait ended before a block that had noted the page when it began, and the number of
/// waits.
fn violations<T: Tracker + 'static>(tracker: Arc<T>) -> Result<(u32, u32)> {
    const MUTATORS: usize = 4;
    const WAITERS: usize = 2;
    const WAITS: u32 = 200;

    let mutators: Arc<[Mutator; MUTATORS]> = Arc::new(
        core::array::from_fn(|_| Mutator {
            noted: Atomic::new(0),
            finished: Atomic::new(0),
        }),
        GFP_KERNEL,
    )?;
    let (stop, violations, waits) = (shared()?, shared()?, shared()?);

    let mut threads = KVec::new();
    for i in 0..MUTATORS {
        let (tracker, mutators, stop) = (tracker.clone(), mutators.clone(), stop.clone());
        threads.push(
            spawn(move || {
                let mut number = 0;
                while stop.load(Relaxed) == 0 {
                    number += 1;
                    let block = start(&*tracker, i as u32);
                    tracker.page(&block, KEY);
                    mutators[i].noted.store(number, Release);
                    if number % 16 == 0 {
                        fsleep(Delta::from_micros(50));
                    }
                    mutators[i].finished.store(number, Release);
                    finish(&*tracker, block);
                    sched::cond_resched();
                }
            })?,
            GFP_KERNEL,
        )?;
    }
    let mut waiters = KVec::new();
    for _ in 0..WAITERS {
        let (tracker, mutators) = (tracker.clone(), mutators.clone());
        let (violations, waits) = (violations.clone(), waits.clone());
        waiters.push(
            spawn(move || {
                for _ in 0..WAITS {
                    let noted: [u64; MUTATORS] =
                        core::array::from_fn(|i| mutators[i].noted.load(Acquire));
                    tracker.wait(KEY);
                    for (mutator, noted) in mutators.iter().zip(noted) {
                        if mutator.finished.load(Acquire) < noted {
                            violations.fetch_add(1, Full);
                        }
                    }
                    waits.fetch_add(1, Full);
                }
            })?,
            GFP_KERNEL,
        )?;
    }
    for thread in waiters {
        thread.join();
    }
    stop.store(1, Relaxed);
    for thread in threads {
        thread.join();
    }
    Ok((violations.load(Relaxed), waits.load(Relaxed)))
}

/// Defines a suite for each tracker, with the tests that all trackers pass.
macro_rules! suites {
    ($($suite:ident: $ty:ty,)+) => {
        $(
            #[kunit_tests($suite)]
            mod $suite {
                use super::*;

                #[test]
                fn waits_for_block() -> Result {
                    assert!(super::waits_for_block(tracker(<$ty>::new(PLACES))?)?);
                    Ok(())
                }

                #[test]
                fn waits_for_overlapping_blocks() -> Result {
                    assert!(super::waits_for_overlapping_blocks(tracker(<$ty>::new(PLACES))?)?);
                    Ok(())
                }

                #[test]
                fn waits_for_blocks_of_many_threads() -> Result {
                    let (violations, waits) = violations(tracker(<$ty>::new(PLACES))?)?;
                    assert!(waits > 0);
                    assert_eq!(violations, 0);
                    Ok(())
                }
            }
        )+
    };
}

suites! {
    epoch_tracker_mutex: Mutex,
    epoch_tracker_spin: Spin,
    epoch_tracker_spin_percpu: SpinPercpu,
    epoch_tracker_lockless: Lockless,
    epoch_tracker_epoch: Epoch,
    epoch_tracker_epoch_keyed: EpochKeyed,
    epoch_tracker_srcu: Srcu,
    epoch_tracker_srcu_expedited: SrcuExpedited,
}

/// Defines a suite for each tracker whose waits depend on the page.
macro_rules! suites_of_pages {
    ($($suite:ident: $ty:ty,)+) => {
        $(
            #[kunit_tests($suite)]
            mod $suite {
                use super::*;

                #[test]
                fn does_not_wait_for_page_that_is_past() -> Result {
                    super::does_not_wait_for_page_that_is_past(tracker(<$ty>::new(PLACES))?);
                    Ok(())
                }

                #[test]
                fn does_not_wait_for_page_that_nobody_noted() -> Result {
                    super::does_not_wait_for_page_that_nobody_noted(tracker(<$ty>::new(PLACES))?);
                    Ok(())
                }
            }
        )+
    };
}

suites_of_pages! {
    epoch_pages_mutex: Mutex,
    epoch_pages_spin: Spin,
    epoch_pages_spin_percpu: SpinPercpu,
    epoch_pages_lockless: Lockless,
    epoch_pages_epoch_keyed: EpochKeyed,
}

/// Defines a suite for each tracker with one list of generations.
macro_rules! suites_of_lists {
    ($($suite:ident: $ty:ty,)+) => {
        $(
            #[kunit_tests($suite)]
            mod $suite {
                use super::*;

                #[test]
                fn gives_generation_to_older_block() -> Result {
                    assert!(super::gives_generation_to_older_block(tracker(<$ty>::new(PLACES))?)?);
                    Ok(())
                }
            }
        )+
    };
}

suites_of_lists! {
    epoch_list_mutex: Mutex,
    epoch_list_spin: Spin,
    epoch_list_lockless: Lockless,
}

#[kunit_tests(epoch_lists_of_cpus)]
mod lists_of_cpus {
    use super::*;

    /// A block is in the list of the CPU on which it began, wherever it ends, and wherever the
    /// waiter runs.
    #[test]
    fn block_is_waited_for_from_any_cpu_and_ends_on_any() -> Result {
        let cpus = online()?;
        if cpus.len() < 2 {
            skip(c"there is one CPU only");
        }
        for (here, there) in [(cpus[0], cpus[1]), (cpus[1], cpus[0])] {
            let tracker = tracker(SpinPercpu::new(PLACES))?;
            move_to(here)?;
            let block = start(&*tracker, 0);
            tracker.page(&block, KEY);
            let waiter = Waiter::start({
                let tracker = tracker.clone();
                move || {
                    let _ = move_to(there);
                    tracker.wait(KEY);
                }
            })?;
            move_to(there)?;
            // With one more in its place, it is the only one of its list that ends here.
            let other = start(&*tracker, 1);
            a_while();
            assert!(!waiter.has_returned());
            finish(&*tracker, block);
            waiter.join();
            finish(&*tracker, other);
        }
        Ok(())
    }
}

#[kunit_tests(epoch_trackers)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_taken_once() -> Result {
        let places = Places::new(PLACES as u32)?;
        let mut is_taken = [false; PLACES];
        for _ in 0..PLACES {
            let place = places.take().ok_or(ENOSPC)? as usize;
            assert!(!is_taken[place]);
            is_taken[place] = true;
        }
        for place in [0, PLACES as u32 - 1, 7] {
            assert_eq!(places.take(), None);
            places.give_back(place);
            assert_eq!(places.take(), Some(place));
        }
        Ok(())
    }

    #[test]
    fn busted_does_not_wait_for_blocks_of_many_threads() -> Result {
        let (violations, _) = violations(tracker(Busted::new(PLACES))?)?;
        assert!(violations > 0);
        Ok(())
    }

    #[test]
    fn trackers_are_found_by_name_only() -> Result {
        for kind in Kind::available() {
            assert_eq!(
                Kind::from_name(BStr::from_bytes(kind.name().as_bytes())),
                Ok(kind)
            );
        }
        for name in [
            &b""[..],
            b"Epoch",
            b"epoc",
            b"epochs",
            b" epoch",
            b"epoch\0",
        ] {
            assert_eq!(Kind::from_name(BStr::from_bytes(name)), Err(EINVAL));
        }
        Ok(())
    }
}
