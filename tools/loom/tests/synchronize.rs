// SPDX-License-Identifier: GPL-2.0

//! Sections and grace periods: nobody frees an object that a section still uses. Planted bugs are
//! found.

mod common;

use common::{RACE, explore};
use epoch_loom::{
    Cookie, Domain, Engine, Flaw, Machine, Members, Pace, Round, Section, Sound, USE_AFTER_FREE,
    Wrapping, alone, domain,
};
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Task that detects the grace period that an updater waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Detector {
    /// The updater itself, until it has succeeded.
    Alone,
    /// The engine's task, which is the updater here.
    Engine,
}

const DETECTORS: [Detector; 2] = [Detector::Alone, Detector::Engine];

/// Objects, one of which is current; updaters free those that they have unlinked.
struct World<F: Flaw> {
    engine: Engine<Machine<F>>,
    domain: Domain<Machine<F>>,
    current: AtomicUsize,
    objects: [UnsafeCell<bool>; 3],
    /// A section that changes hands. Not tracked by loom, except for the flag.
    section: std::sync::Mutex<Option<Section>>,
    handed: AtomicBool,
}

// SAFETY: Loom checks all accesses to its cells, which is what the tests are about.
unsafe impl<F: Flaw> Send for World<F> {}
// SAFETY: Loom checks concurrent accesses to its cells as well.
unsafe impl<F: Flaw> Sync for World<F> {}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            engine: Engine::new(),
            domain: domain(),
            current: AtomicUsize::new(0),
            objects: std::array::from_fn(|_| UnsafeCell::new(true)),
            section: std::sync::Mutex::default(),
            handed: AtomicBool::new(false),
        })
    }

    /// Uses the current object inside a section; leaves the section on CPU `end`.
    fn read(&self, end: usize) {
        let section = self.domain.enter();
        self.use_object(self.current.load(Ordering::Relaxed));
        self.domain.platform().migrate(end);
        self.exit(section);
    }

    /// Uses objects inside two sections, of which the first is left first.
    fn read_overlapping(&self) {
        let first = self.domain.enter();
        self.use_object(self.current.load(Ordering::Relaxed));
        let second = self.domain.enter();
        let current = self.current.load(Ordering::Relaxed);
        self.exit(first);
        self.use_object(current);
        self.exit(second);
    }

    /// Uses an object inside a section that another task will leave.
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

    /// Leaves, on CPU 1, the section of another task.
    fn leave_handed(&self) {
        self.domain.platform().migrate(1);
        while !self.handed.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let section = self.section.lock().unwrap().take();
        self.exit(section.unwrap());
    }

    fn use_object(&self, number: usize) {
        // SAFETY: Loom checks that nobody writes concurrently, which is what the test is about.
        let alive = self.objects[number].with(|object| unsafe { *object });
        assert!(alive, "{USE_AFTER_FREE}");
    }

    fn exit(&self, section: Section) {
        // SAFETY: All sections of the tests are entered in this domain.
        unsafe { self.domain.exit(section) };
    }

    /// Waits for the grace period that `cookie` names.
    fn wait(&self, cookie: Cookie, detector: Detector) {
        match detector {
            Detector::Alone => {
                while !alone(&self.engine, &self.domain, cookie) {
                    thread::yield_now();
                }
            }
            Detector::Engine => {
                self.demand(cookie, |members| {
                    while !self.domain.poll(cookie) {
                        self.round(members);
                    }
                });
            }
        }
    }

    /// Runs `f` as the engine's task, with a waiter for `cookie`. After that all members leave.
    fn demand(&self, cookie: Cookie, f: impl FnOnce(&mut Members<Machine<F>>)) {
        let mut members = Members::default();
        self.domain.begin_wait(cookie, Pace::Normal);
        // SAFETY: The domain belongs to this engine, and is valid as long as the world.
        let _ = unsafe { self.engine.kick(&self.domain) };
        f(&mut members);
        self.domain.end_wait(Pace::Normal);
        while self.round(&mut members) != Round::Idle {}
        // There must be no new members.
        assert!(self.engine.rest());
    }

    fn round(&self, members: &mut Members<Machine<F>>) -> Round {
        let round = self.engine.round(members);
        if matches!(round, Round::Wait { .. }) {
            thread::yield_now();
        }
        round
    }

    fn synchronize(&self, detector: Detector) {
        self.wait(self.domain.snapshot(), detector);
    }

    /// Begins a grace period, and abandons it if a section is open.
    fn give_up(&self, detector: Detector) {
        let cookie = self.domain.snapshot();
        match detector {
            Detector::Alone => {
                alone(&self.engine, &self.domain, cookie);
            }
            Detector::Engine => self.demand(cookie, |members| {
                while matches!(self.round(members), Round::Progress { .. }) {}
            }),
        }
    }

    /// Replaces the current object by object `new`, and frees the old one.
    fn replace(&self, new: usize, detector: Detector) {
        let old = self.current.swap(new, Ordering::Relaxed);
        self.synchronize(detector);
        self.free(old);
    }

    /// Unlinks object 0 and frees it.
    fn update(&self, detector: Detector) {
        self.replace(1, detector);
    }

    /// Unlinks object 0, and frees it if a grace period of another task has passed.
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
        // SAFETY: Loom checks that nobody accesses it concurrently, which is what the test is
        // about.
        self.objects[number].with_mut(|object| unsafe { *object = false });
    }
}

/// Runs each of `tasks` in a thread of its own, concurrently with `main`.
fn run<F: Flaw, const N: usize>(
    preemptions: usize,
    tasks: [fn(&World<F>); N],
    main: impl Fn(&World<F>) + Send + Sync + 'static,
) {
    explore(preemptions, move || {
        let world = World::<F>::new();
        let threads = tasks.map(|task| {
            let world = world.clone();
            thread::spawn(move || task(&world))
        });
        main(&world);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// A section that begins and ends anywhere around a grace period, on one CPU or on two.
fn reader_and_updater<F: Flaw>() {
    for detector in DETECTORS {
        run::<F, 1>(3, [|world| world.read(0)], move |world| {
            world.update(detector)
        });
        run::<F, 1>(3, [|world| world.read(1)], move |world| {
            world.update(detector)
        });
    }
}

/// Two sections, one of which may come and go while the other stays.
fn two_readers_and_updater<F: Flaw>() {
    for detector in DETECTORS {
        run::<F, 2>(
            2,
            [
                |world| world.read(0),
                |world| {
                    world.domain.platform().migrate(1);
                    world.read(1);
                },
            ],
            move |world| world.update(detector),
        );
    }
}

/// Overlapping sections that are left in the order in which they were entered.
fn overlapping_reader_and_updater<F: Flaw>() {
    run::<F, 1>(3, [World::read_overlapping], |world| {
        world.update(Detector::Alone)
    });
}

/// A section that begins in one task and ends in another.
fn two_tasks_of_a_section_and_updater<F: Flaw>() {
    run::<F, 2>(
        2,
        [World::read_and_hand_over, World::leave_handed],
        |world| world.update(Detector::Alone),
    );
}

/// Two updaters, each of which frees what it has unlinked: one detects alone, one is the engine's
/// task. So the domain may or may not be a member, and each may end grace periods that the other
/// began.
fn reader_and_two_that_free<F: Flaw>() {
    run::<F, 2>(
        1,
        [
            |world| world.read(0),
            |world| world.replace(2, Detector::Alone),
        ],
        |world| world.replace(1, Detector::Engine),
    );
}

/// Two updaters that detect alone and free: one of them is the detector at a time.
fn reader_and_two_that_free_alone<F: Flaw>() {
    run::<F, 2>(
        2,
        [
            |world| world.read(0),
            |world| world.replace(2, Detector::Alone),
        ],
        |world| world.replace(1, Detector::Alone),
    );
}

/// An updater that only polls, and may be served by the grace period of another one, if that is
/// young enough: no token orders anything.
fn polling_updater<F: Flaw>() {
    run::<F, 2>(
        2,
        [
            |world| world.synchronize(Detector::Alone),
            |world| world.read(0),
        ],
        World::update_if_polled,
    );
}

/// A grace period that the engine's task abandons because of a section, and an updater that waits
/// for its own. The section is in the thread of the engine's task, and the updater does not spin,
/// which would never end.
fn engine_gives_up_and_updater<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let engine = thread::spawn({
            let world = world.clone();
            move || {
                let section = world.domain.enter();
                let current = world.current.load(Ordering::Relaxed);
                world.give_up(Detector::Engine);
                world.use_object(current);
                world.exit(section);
            }
        });
        let old = world.current.swap(1, Ordering::Relaxed);
        let cookie = world.domain.snapshot();
        let detect_alone = || alone(&world.engine, &world.domain, cookie);
        if detect_alone() {
            world.free(old);
            engine.join().unwrap();
        } else {
            engine.join().unwrap();
            // It ends the abandoned grace period, and one of its own.
            assert!(detect_alone());
            world.free(old);
        }
    });
}

/// A grace period that a task abandons, and an updater that waits for the engine.
fn task_gives_up_and_updater<F: Flaw>() {
    run::<F, 2>(
        2,
        [
            |world| world.give_up(Detector::Alone),
            |world| world.read(0),
        ],
        |world| world.update(Detector::Engine),
    );
}

const FORGOTTEN: &str = "the cookie's grace period did not come";

/// A task that takes a cookie during a grace period that is abandoned, and then waits for another
/// one.
fn poller_beside_one_that_gives_up<F: Flaw>() {
    run::<F, 2>(
        2,
        [
            |world| world.give_up(Detector::Alone),
            |world| world.read(0),
        ],
        |world| {
            let cookie = world.domain.snapshot();
            world.synchronize(Detector::Engine);
            assert!(world.domain.poll(cookie), "{FORGOTTEN}");
        },
    );
}

#[test]
fn epoch_advances_at_most_three_times_in_a_section() {
    static MOST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    run::<Sound, 1>(
        3,
        [|world| {
            let section = world.domain.enter();
            let entered = world.domain.epoch();
            let advances = world.domain.epoch() - entered;
            assert!(advances <= 3);
            MOST.fetch_max(advances, std::sync::atomic::Ordering::Relaxed);
            world.exit(section);
        }],
        |world| {
            for _ in 0..2 {
                world.synchronize(Detector::Alone);
            }
        },
    );
    // The maximum is reached.
    assert_eq!(MOST.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn section_keeps_object() {
    reader_and_updater::<Sound>();
}

#[test]
fn sections_keep_object() {
    two_readers_and_updater::<Sound>();
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
fn each_of_two_detectors_may_free() {
    reader_and_two_that_free_alone::<Sound>();
}

#[test]
fn polled_grace_period_is_young_enough() {
    polling_updater::<Sound>();
}

#[test]
fn grace_period_that_the_engine_abandons_harms_nobody() {
    engine_gives_up_and_updater::<Sound>();
}

#[test]
fn grace_period_that_a_task_abandons_harms_nobody() {
    task_gives_up_and_updater::<Sound>();
}

#[test]
fn cookie_is_served_by_the_next_wait() {
    poller_beside_one_that_gives_up::<Sound>();
}

#[test]
fn counters_may_wrap_around() {
    reader_and_updater::<Wrapping>();
    polling_updater::<Wrapping>();
    poller_beside_one_that_gives_up::<Wrapping>();
}

/// Signs of a use after free.
const FREED: &[&str] = &[USE_AFTER_FREE, RACE];

finds! {
    finds_missing_light_barrier: reader_and_updater, NoLight {
        const LIGHT: bool = false;
    }, FREED;

    finds_missing_heavy_barrier: reader_and_updater, NoHeavy {
        const HEAVY: bool = false;
    }, FREED;

    finds_section_handed_over_without_order: two_tasks_of_a_section_and_updater, NotHanded {
        const HANDED: bool = false;
    }, FREED;

    finds_missing_full_barrier: polling_updater, NoFull {
        const FULL: bool = false;
    }, FREED;

    /// The steps of one detector do not happen before those of the next one.
    finds_token_without_order: reader_and_two_that_free_alone, NoOrder {
        const ORDERED_WORDS: bool = false;
    }, &[RACE];

    /// There may be two detectors at a time.
    finds_token_that_two_have: reader_and_two_that_free_alone, NotAtomic {
        const ATOMIC_WORDS: bool = false;
    }, &[RACE];
}
