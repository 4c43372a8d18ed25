// SPDX-License-Identifier: GPL-2.0

//! Sections against grace periods: nobody frees what a section still uses. A bug that is planted is
//! found.

use epoch_model::{Bug, Domain, Flaw, Impatient, Lock, Machine, Pace, Sound, Wrapping};
use loom::{
    cell::UnsafeCell,
    model::Builder,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use std::panic::catch_unwind;

const USE_AFTER_FREE: &str = "a section uses an object that was freed";

/// Two objects, one of which readers find; updaters free what they have unlinked.
struct World<F: Flaw> {
    domain: Domain<Machine<F>>,
    lock: Lock,
    current: AtomicUsize,
    objects: [UnsafeCell<bool>; 2],
}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            domain: Domain::new(Machine::new()),
            lock: Lock::new(),
            current: AtomicUsize::new(0),
            objects: [UnsafeCell::new(true), UnsafeCell::new(true)],
        })
    }

    /// Uses, inside a section, the object that it finds; leaves the section on CPU `end`.
    fn read(&self, end: usize) {
        let section = self.domain.enter();
        let current = self.current.load(Ordering::Relaxed);
        // SAFETY: Loom checks the access, which is what the test is about.
        let alive = self.objects[current].with(|object| unsafe { *object });
        assert!(alive, "{USE_AFTER_FREE}");
        self.domain.platform().migrate(end);
        // SAFETY: It was entered in this domain.
        unsafe { self.domain.exit(section) };
    }

    /// Unlinks object 0 and frees it.
    fn update(&self) {
        self.current.store(1, Ordering::Relaxed);
        self.domain.synchronize(&self.lock, Pace::Normal);
        self.free();
    }

    /// Unlinks object 0, and frees it if a grace period has passed that somebody else ran.
    fn update_if_polled(&self) {
        self.current.store(1, Ordering::Relaxed);
        let cookie = self.domain.snapshot();
        for _ in 0..2 {
            if self.domain.poll(cookie) {
                return self.free();
            }
            thread::yield_now();
        }
    }

    fn free(&self) {
        // SAFETY: Loom checks the access, which is what the test is about.
        self.objects[0].with_mut(|object| unsafe { *object = false });
    }
}

/// Explores `f`, with as many preemptions as are needed to find each of the bugs, and one more.
fn explore(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// A section that begins and ends anywhere around a grace period, on one CPU or on two.
fn reader_and_updater<F: Flaw>() {
    for end in [0, 1] {
        explore(move || {
            let world = World::<F>::new();
            let reader = thread::spawn({
                let world = world.clone();
                move || world.read(end)
            });
            world.update();
            reader.join().unwrap();
        });
    }
}

/// Two sections, one of which may come and go while the other stays.
fn two_readers_and_updater<F: Flaw>() {
    explore(|| {
        let world = World::<F>::new();
        let readers = [0, 1].map(|cpu| {
            let world = world.clone();
            thread::spawn(move || {
                world.domain.platform().migrate(cpu);
                world.read(cpu);
            })
        });
        world.update();
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn section_keeps_object() {
    reader_and_updater::<Sound>();
}

#[test]
fn sections_keep_object() {
    two_readers_and_updater::<Sound>();
}

/// An updater that another one's grace period may serve, if it is young enough.
fn two_updaters<F: Flaw>(update: fn(&World<F>)) {
    explore(move || {
        let world = World::<F>::new();
        let other = thread::spawn({
            let world = world.clone();
            move || world.domain.synchronize(&world.lock, Pace::Normal)
        });
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read(0)
        });
        update(&world);
        other.join().unwrap();
        reader.join().unwrap();
    });
}

/// One that takes the lock, and finds there whether it was served.
fn waiting_updater<F: Flaw>() {
    two_updaters::<F>(World::update);
}

/// One that only polls, without a lock that would order anything.
fn polling_updater<F: Flaw>() {
    two_updaters::<F>(World::update_if_polled);
}

/// A grace period that is given up, beside an updater that waits for its own.
fn impatient_and_patient_updater<F: Flaw>() {
    explore(|| {
        let world = World::<F>::new();
        let impatient = thread::spawn({
            let world = world.clone();
            move || {
                world
                    .domain
                    .synchronize(&Impatient(&world.lock), Pace::Expedited)
            }
        });
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read(0)
        });
        world.update();
        impatient.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn grace_period_that_is_given_up_harms_nobody() {
    impatient_and_patient_updater::<Sound>();
}

#[test]
fn counters_may_wrap_around() {
    reader_and_updater::<Wrapping>();
    two_readers_and_updater::<Wrapping>();
    polling_updater::<Wrapping>();
}

#[test]
fn shared_grace_period_is_young_enough() {
    waiting_updater::<Sound>();
}

#[test]
fn polled_grace_period_is_young_enough() {
    polling_updater::<Sound>();
}

/// Checks that exploring ends with the discovery of a use after free, and not with anything else.
fn assert_found(explore: fn()) {
    let panic = catch_unwind(explore).expect_err("the planted bug was not found");
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    assert!(
        message.contains(USE_AFTER_FREE) || message.contains("Causality violation"),
        "found something else: {message}"
    );
}

macro_rules! finds {
    ($($(#[$doc:meta])* $test:ident: $explore:ident, $flaw:ident { $($item:item)+ })+) => {
        $(
            struct $flaw;

            impl Flaw for $flaw {
                $($item)+
            }

            $(#[$doc])*
            #[test]
            fn $test() {
                assert_found($explore::<$flaw>);
            }
        )+
    };
}

finds! {
    finds_missing_light_barrier: reader_and_updater, NoLight {
        const LIGHT: bool = false;
    }

    finds_missing_heavy_barrier: reader_and_updater, NoHeavy {
        const HEAVY: bool = false;
    }

    finds_check_without_heavy_barrier: reader_and_updater, Unchecked {
        const BUG: Option<Bug> = Some(Bug::NoHeavyBarrier);
    }

    finds_one_advance_for_two: reader_and_updater, OneAdvance {
        const BUG: Option<Bug> = Some(Bug::OneAdvance);
    }

    finds_early_cookie: waiting_updater, EarlyCookie {
        const BUG: Option<Bug> = Some(Bug::EarlyCookie);
    }

    finds_missing_full_barrier: polling_updater, NoFull {
        const FULL: bool = false;
    }

    finds_grace_period_that_was_given_up: impatient_and_patient_updater, GivenUpCounts {
        const BUG: Option<Bug> = Some(Bug::GivenUpCounts);
    }

    finds_entries_read_before_exits: two_readers_and_updater, EntersFirst {
        const BUG: Option<Bug> = Some(Bug::EntersFirst);
    }
}
