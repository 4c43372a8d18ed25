// SPDX-License-Identifier: GPL-2.0

//! Sections against grace periods: nobody frees what a section still uses. A bug that is planted is
//! found.

mod common;

use common::{RACE, USE_AFTER_FREE, explore};
use epoch_model::{Bug, Domain, Flaw, Impatient, Lock, Machine, Pace, Section, Sound, Wrapping};
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Objects, one of which readers find; updaters free what they have unlinked.
struct World<F: Flaw> {
    domain: Domain<Machine<F>>,
    lock: Lock,
    current: AtomicUsize,
    objects: [UnsafeCell<bool>; 3],
    /// A section that changes hands. Not seen by loom, but for the flag.
    section: std::sync::Mutex<Option<Section>>,
    handed: AtomicBool,
}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            domain: Domain::new(Machine::new()),
            lock: Lock::new(),
            current: AtomicUsize::new(0),
            objects: std::array::from_fn(|_| UnsafeCell::new(true)),
            section: std::sync::Mutex::default(),
            handed: AtomicBool::new(false),
        })
    }

    /// Uses, inside a section, the object that it finds; leaves the section on CPU `end`.
    fn read(&self, end: usize) {
        let section = self.domain.enter();
        self.use_object(self.current.load(Ordering::Relaxed));
        self.domain.platform().migrate(end);
        self.exit(section);
    }

    /// The same with two sections, of which the first is left first.
    fn read_overlapping(&self) {
        let first = self.domain.enter();
        self.use_object(self.current.load(Ordering::Relaxed));
        let second = self.domain.enter();
        let current = self.current.load(Ordering::Relaxed);
        self.exit(first);
        self.use_object(current);
        self.exit(second);
    }

    /// Uses an object inside a section that somebody else will leave.
    fn read_and_hand_over(&self) {
        let section = self.domain.enter();
        self.use_object(self.current.load(Ordering::Relaxed));
        *self.section.lock().unwrap() = Some(section);
        let order = match F::HANDED {
            true => Ordering::Release,
            false => Ordering::Relaxed,
        };
        self.handed.store(true, order);
    }

    /// Leaves, on CPU 1, the section of somebody else.
    fn leave_handed(&self) {
        self.domain.platform().migrate(1);
        while !self.handed.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let section = self.section.lock().unwrap().take();
        self.exit(section.unwrap());
    }

    fn use_object(&self, number: usize) {
        // SAFETY: Loom checks the access, which is what the test is about.
        let alive = self.objects[number].with(|object| unsafe { *object });
        assert!(alive, "{USE_AFTER_FREE}");
    }

    fn exit(&self, section: Section) {
        // SAFETY: It was entered in this domain.
        unsafe { self.domain.exit(section) };
    }

    /// Puts object `new` in the place of the one that is there, and frees that one.
    fn replace(&self, new: usize) {
        let old = self.current.swap(new, Ordering::Relaxed);
        self.domain.synchronize(&self.lock, Pace::Normal);
        self.free(old);
    }

    /// Unlinks object 0 and frees it.
    fn update(&self) {
        self.replace(1);
    }

    /// Unlinks object 0, and frees it if a grace period has passed that somebody else ran.
    fn update_if_polled(&self) {
        self.current.swap(1, Ordering::Relaxed);
        let cookie = self.domain.snapshot();
        for _ in 0..2 {
            if self.domain.poll(cookie) {
                return self.free(0);
            }
            thread::yield_now();
        }
    }

    fn free(&self, number: usize) {
        // SAFETY: Loom checks the access, which is what the test is about.
        self.objects[number].with_mut(|object| unsafe { *object = false });
    }
}

/// A section that begins and ends anywhere around a grace period, on one CPU or on two.
fn reader_and_updater<F: Flaw>() {
    for end in [0, 1] {
        explore(F::PREEMPTIONS, move || {
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
    explore(F::PREEMPTIONS, || {
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

/// Sections that overlap, and are left in the order in which they were entered.
fn overlapping_reader_and_updater<F: Flaw>() {
    explore(F::PREEMPTIONS, || {
        let world = World::<F>::new();
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read_overlapping()
        });
        world.update();
        reader.join().unwrap();
    });
}

/// A section that begins in one task and ends in another.
fn two_tasks_of_a_section_and_updater<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read_and_hand_over()
        });
        let other = thread::spawn({
            let world = world.clone();
            move || world.leave_handed()
        });
        world.update();
        reader.join().unwrap();
        other.join().unwrap();
    });
}

/// Two that free, each what it has unlinked.
fn reader_and_two_that_free<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read(0)
        });
        let other = thread::spawn({
            let world = world.clone();
            move || world.replace(2)
        });
        world.replace(1);
        other.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn epoch_advances_at_most_three_times_in_a_section() {
    static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    explore(3, || {
        let world = World::<Sound>::new();
        let reader = thread::spawn({
            let world = world.clone();
            move || {
                let section = world.domain.enter();
                let entered = world.domain.epoch();
                let advances = world.domain.epoch() - entered;
                assert!(advances <= 3);
                MOST.fetch_max(advances, std::sync::atomic::Ordering::Relaxed);
                world.exit(section);
            }
        });
        for _ in 0..2 {
            world.domain.synchronize(&world.lock, Pace::Normal);
        }
        reader.join().unwrap();
    });
    // It can be as many.
    assert_eq!(MOST.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn sections_may_overlap() {
    overlapping_reader_and_updater::<Sound>();
}

#[test]
fn section_may_end_in_another_task() {
    two_tasks_of_a_section_and_updater::<Sound>();
}

#[test]
fn each_of_two_updaters_may_free() {
    reader_and_two_that_free::<Sound>();
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
    explore(F::PREEMPTIONS, move || {
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
    explore(F::PREEMPTIONS, || {
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

const FORGOTTEN: &str = "the cookie's grace period did not come";

/// One who has taken a cookie while a grace period runs that is given up, and then waits for another one.
fn poller_beside_impatient<F: Flaw>() {
    explore(3, || {
        let world = World::<F>::new();
        let impatient = thread::spawn({
            let world = world.clone();
            move || {
                world
                    .domain
                    .synchronize(&Impatient(&world.lock), Pace::Normal)
            }
        });
        let reader = thread::spawn({
            let world = world.clone();
            move || world.read(0)
        });
        let cookie = world.domain.snapshot();
        world.domain.synchronize(&world.lock, Pace::Normal);
        assert!(world.domain.poll(cookie), "{FORGOTTEN}");
        impatient.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn cookie_is_served_by_the_next_wait() {
    poller_beside_impatient::<Sound>();
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

/// How a use after free shows.
const FREED: &[&str] = &[USE_AFTER_FREE, RACE];

finds! {
    finds_missing_light_barrier: reader_and_updater, NoLight {
        const LIGHT: bool = false;
    }, FREED;

    finds_missing_heavy_barrier: reader_and_updater, NoHeavy {
        const HEAVY: bool = false;
    }, FREED;

    finds_check_without_heavy_barrier: reader_and_updater, Unchecked {
        const BUG: Option<Bug> = Some(Bug::NoHeavyBarrier);
    }, FREED;

    finds_one_advance_for_two: reader_and_updater, OneAdvance {
        const BUG: Option<Bug> = Some(Bug::OneAdvance);
    }, FREED;

    finds_one_advance_for_two_under_overlapping_sections: overlapping_reader_and_updater, OneForOverlapping {
        const BUG: Option<Bug> = Some(Bug::OneAdvance);
    }, FREED;

    finds_early_cookie_of_one_of_two: reader_and_two_that_free, EarlyCookieOfTwo {
        const BUG: Option<Bug> = Some(Bug::EarlyCookie);
    }, FREED;

    finds_section_handed_over_without_order: two_tasks_of_a_section_and_updater, NotHanded {
        const HANDED: bool = false;
    }, FREED;

    finds_early_cookie: waiting_updater, EarlyCookie {
        const BUG: Option<Bug> = Some(Bug::EarlyCookie);
    }, FREED;

    finds_missing_full_barrier: polling_updater, NoFull {
        const FULL: bool = false;
    }, FREED;

    finds_grace_period_that_was_given_up: impatient_and_patient_updater, GivenUpCounts {
        const BUG: Option<Bug> = Some(Bug::GivenUpCounts);
    }, FREED;

    /// The slot it was entered in is never drained.
    finds_section_left_in_another_slot: reader_and_updater, StaleSlot {
        const BUG: Option<Bug> = Some(Bug::StaleSlot);
    }, &["maximum number of branches"];

    finds_sequence_that_goes_backwards: poller_beside_impatient, GivenUpStepsBack {
        const BUG: Option<Bug> = Some(Bug::GivenUpStepsBack);
    }, &[FORGOTTEN];

    finds_entries_read_before_exits: two_readers_and_updater, EntersFirst {
        const BUG: Option<Bug> = Some(Bug::EntersFirst);
    }, FREED;
}
