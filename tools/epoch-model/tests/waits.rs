// SPDX-License-Identifier: GPL-2.0

//! Tasks that wait for grace periods, and the engine's task: each one is woken, and nobody touches a
//! domain that has left. A bug that is planted is found.

mod common;

use common::{DEADLOCK, RACE, explore};
use epoch_model::{
    Cookie, Domain, EngineTask, Flaw, Machine, Members, Pace, Round, Sound, USE_AFTER_FREE,
    Unshared, alone,
};
use loom::thread;
// Not the one of loom, which cannot be dropped after a deadlock.
use std::{cell::UnsafeCell, mem::ManuallyDrop, sync::Arc};

/// Domains of one engine.
struct World<F: Flaw> {
    task: EngineTask<F>,
    /// Dropped by the tests that are about it, and not deallocated then.
    domains: [UnsafeCell<ManuallyDrop<Domain<Machine<F>>>>; 2],
}

// SAFETY: All but the drops are accesses to atomics.
unsafe impl<F: Flaw> Send for World<F> {}
// SAFETY: As above.
unsafe impl<F: Flaw> Sync for World<F> {}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            task: EngineTask::new(),
            domains: std::array::from_fn(|_| {
                UnsafeCell::new(ManuallyDrop::new(Domain::new(Machine::new())))
            }),
        })
    }

    fn domain(&self, number: usize) -> &Domain<Machine<F>> {
        // SAFETY: Loom checks what is done to it.
        unsafe { &*self.domains[number].get() }
    }

    /// Waits for a grace period.
    fn synchronize(&self, number: usize) {
        self.task.synchronize(self.domain(number));
    }

    /// Waits for a grace period that the engine's task detects.
    fn wait(&self, number: usize) {
        let cookie = self.domain(number).snapshot();
        self.task.wait(self.domain(number), cookie);
    }

    /// Begins to wait for a grace period, and gives up.
    fn give_up(&self, number: usize) -> Cookie {
        let domain = self.domain(number);
        let cookie = domain.snapshot();
        self.task.begin_wait(domain, cookie);
        domain.end_wait(Pace::Normal);
        cookie
    }

    /// A section.
    fn read(&self, number: usize) {
        let section = self.domain(number).enter();
        // SAFETY: It was entered in this domain.
        unsafe { self.domain(number).exit(section) };
    }

    /// Tries to detect a grace period alone.
    fn detect_alone(&self) {
        let cookie = self.domain(0).snapshot();
        alone(self.task.engine(), self.domain(0), cookie);
    }

    /// Has another task do `f`.
    fn spawn<T: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || f(&world))
    }

    /// Drops a domain that nobody uses any more but, for a while, the engine.
    fn drop_domain(&self, number: usize) {
        while !self.domain(number).has_left() {
            thread::yield_now();
        }
        // SAFETY: Loom checks that nobody accesses it any more.
        unsafe { ManuallyDrop::drop(&mut *self.domains[number].get()) };
    }
}

/// Runs `main` and each of `tasks`, beside the engine's task.
fn run<F: Flaw, const N: usize>(
    preemptions: usize,
    tasks: [fn(&World<F>); N],
    main: fn(&World<F>),
) {
    explore(preemptions, move || {
        let world = World::<F>::new();
        let engine = thread::spawn({
            let world = world.clone();
            move || world.task.run()
        });
        let threads = tasks.map(|task| {
            let world = world.clone();
            thread::spawn(move || task(&world))
        });
        main(&world);
        for thread in threads {
            thread.join().unwrap();
        }
        world.task.stop();
        engine.join().unwrap();
        assert!(world.domain(0).has_left());
    });
}

/// One that waits again and again, so that it comes when the domain is about to leave, and when the
/// engine's task is about to sleep.
fn one_waiter<F: Flaw>() {
    run::<F, 0>(3, [], |world| {
        world.wait(0);
        world.wait(0);
    });
}

/// Two that share a grace period, if they can, or detect one alone.
fn two_waiters<F: Flaw>() {
    run::<F, 1>(2, [|world| world.synchronize(0)], |world| {
        world.synchronize(0)
    });
}

/// One that waits, beside one that detects alone: it may kick while that one is the detector.
fn waiter_beside_lone_detector<F: Flaw>() {
    run::<F, 1>(2, [|world| world.wait(0)], World::detect_alone);
}

/// Two that share a grace period, while a section is open.
fn reader_and_two_waiters<F: Flaw>() {
    run::<F, 2>(
        1,
        [|world| world.read(0), |world| world.synchronize(0)],
        |world| world.synchronize(0),
    );
}

/// One that gives up, and one that does not.
fn waiter_beside_one_that_gives_up<F: Flaw>() {
    run::<F, 1>(
        2,
        [|world| {
            world.give_up(0);
        }],
        |world| world.wait(0),
    );
}

/// Two that detect alone, each a grace period of a domain of its own.
fn waiters_of_two_domains<F: Flaw>() {
    run::<F, 1>(2, [|world| world.synchronize(0)], |world| {
        world.synchronize(1)
    });
}

/// Two that have the engine detect grace periods of two domains.
fn members_of_two_domains<F: Flaw>() {
    run::<F, 1>(2, [|world| world.wait(0)], |world| world.wait(1));
}

/// A domain that is dropped after the last wait.
fn drop_after_wait<F: Flaw>() {
    run::<F, 0>(3, [], |world| {
        world.wait(1);
        world.drop_domain(1);
    });
}

/// A domain that is dropped after one has given up.
fn drop_after_giving_up<F: Flaw>() {
    run::<F, 0>(3, [], |world| {
        world.give_up(1);
        world.drop_domain(1);
    });
}

/// One that sleeps, the engine's task, which begins a grace period for it and finds a section open, and
/// one that has looked for members before that and then detects alone.
fn lone_detector_beside_rounds<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let domain = world.domain(0);
        let section = domain.enter();
        let lone = world.spawn(World::detect_alone);
        let cookie = domain.snapshot();
        world.task.begin_wait(domain, cookie);
        world.task.sleep(domain, cookie, || {
            let mut members = Members::default();
            for _ in 0..2 {
                let _ = world.task.engine().round(&mut members);
            }
            // SAFETY: It was entered in this domain.
            unsafe { domain.exit(section) };
            lone.join().unwrap();
            world.task.resume_until_idle(&mut members);
        });
    });
}

/// One that sleeps, the engine's task, and one that detects alone when that one kicks.
fn lone_detector_beside_kick<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let domain = world.domain(0);
        let lone = world.spawn(World::detect_alone);
        let cookie = domain.snapshot();
        world.task.begin_wait(domain, cookie);
        world.task.sleep(domain, cookie, || {
            world.task.run_until_idle();
            lone.join().unwrap();
        });
    });
}

/// One that sleeps, the engine's task, which is awake, and one that is slow to make the domain a member
/// after it was the first to kick.
fn waiter_beside_slow_kick<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let domain = world.domain(0);
        // SAFETY: The domain is there as long as the world is.
        let kick = |world: &World<F>| unsafe { world.task.engine().kick(world.domain(0)) };
        let slow = world.spawn(kick);
        let cookie = domain.snapshot();
        domain.begin_wait(cookie, Pace::Normal);
        let mut is_woken = kick(&world);
        world.task.sleep(domain, cookie, || {
            world.task.run_until_idle();
            is_woken |= slow.join().unwrap();
            if is_woken {
                world.task.run_until_idle();
            }
        });
    });
}

#[test]
fn waiter_is_woken() {
    one_waiter::<Sound>();
}

#[test]
fn waiters_are_woken() {
    two_waiters::<Sound>();
}

#[test]
fn waiter_is_woken_beside_one_that_detects_alone() {
    waiter_beside_lone_detector::<Sound>();
}

#[test]
fn waiter_is_woken_though_another_detects_alone_between_rounds() {
    lone_detector_beside_rounds::<Sound>();
}

#[test]
fn waiter_is_woken_though_it_kicks_while_another_detects_alone() {
    lone_detector_beside_kick::<Sound>();
}

#[test]
fn waiters_are_woken_who_detect_alone_while_others_wait() {
    two_waiters::<Unshared>();
    waiter_beside_lone_detector::<Unshared>();
    lone_detector_beside_rounds::<Unshared>();
    lone_detector_beside_kick::<Unshared>();
    waiter_beside_one_that_gives_up::<Unshared>();
}

#[test]
fn waiter_is_woken_beside_a_kick_that_takes_its_time() {
    waiter_beside_slow_kick::<Sound>();
}

#[test]
fn waiters_are_woken_after_the_section() {
    reader_and_two_waiters::<Sound>();
}

#[test]
fn waiter_is_woken_though_another_gives_up() {
    waiter_beside_one_that_gives_up::<Sound>();
}

#[test]
fn waiters_of_each_domain_are_woken() {
    waiters_of_two_domains::<Sound>();
}

#[test]
fn waiters_of_each_member_are_woken() {
    members_of_two_domains::<Sound>();
}

#[test]
fn domain_may_go_when_it_has_left() {
    drop_after_wait::<Sound>();
}

#[test]
fn domain_may_go_when_it_was_given_up() {
    drop_after_giving_up::<Sound>();
}

#[test]
fn members_share_a_barrier() {
    explore(1, || {
        let world = World::<Sound>::new();
        let mut members = Members::default();
        let cookies = [0, 1].map(|number| {
            let domain = world.domain(number);
            let cookie = domain.snapshot();
            domain.begin_wait(cookie, Pace::Normal);
            // SAFETY: The domain is there as long as the world is.
            let _ = unsafe { world.task.engine().kick(domain) };
            cookie
        });
        assert!(matches!(
            world.task.engine().round(&mut members),
            Round::Progress { .. }
        ));
        let barriers = [0, 1].map(|number| world.domain(number).platform().heavy_barriers());
        assert_eq!(barriers.iter().sum::<usize>(), 1);
        for number in [0, 1] {
            assert!(world.domain(number).poll(cookies[number]));
            world.domain(number).end_wait(Pace::Normal);
        }
        assert_eq!(world.task.engine().round(&mut members), Round::Idle);
    });
}

#[test]
fn kick_of_a_member_interrupts_a_wait_for_sections() {
    explore(1, || {
        let world = World::<Sound>::new();
        let (engine, domain) = (world.task.engine(), world.domain(0));
        let mut members = Members::default();
        let section = domain.enter();
        // SAFETY: The domain is there as long as the world is.
        let kick = || unsafe { engine.kick(domain) };
        let wait = |pace| {
            domain.begin_wait(domain.snapshot(), pace);
            kick()
        };
        assert!(wait(Pace::Normal));
        // The engine has not seen the first one yet.
        assert!(!wait(Pace::Normal));
        // One slot is empty.
        assert!(matches!(engine.round(&mut members), Round::Progress { .. }));
        let polls = |polls, pace| Round::Wait { polls, pace };
        assert_eq!(engine.round(&mut members), polls(1, Pace::Normal));
        assert!(engine.rest());
        assert!(wait(Pace::Expedited));
        assert_eq!(engine.round(&mut members), polls(2, Pace::Expedited));
        // SAFETY: It was entered in this domain.
        unsafe { domain.exit(section) };
        for pace in [Pace::Normal, Pace::Normal, Pace::Expedited] {
            domain.end_wait(pace);
        }
        // Nobody waits any more: it is abandoned.
        assert_eq!(engine.round(&mut members), Round::Idle);
        assert_eq!(domain.grace_periods(), 0);
        assert!(domain.has_left());
    });
}

finds! {
    finds_wake_up_that_is_lost: one_waiter, NoWakes {
        const WAKES: bool = false;
    }, &[DEADLOCK];

    finds_kick_that_is_lost: one_waiter, NotHeard {
        const HEARS_KICKS: bool = false;
    }, &[DEADLOCK];

    finds_kick_that_is_not_atomic: one_waiter, NotAtomic {
        const ATOMIC_WORDS: bool = false;
    }, &[DEADLOCK];

    /// The look whether the domain has left does not order what comes after it.
    finds_missing_full_barrier: drop_after_wait, NoFull {
        const FULL: bool = false;
    }, &[RACE, USE_AFTER_FREE];

    finds_leaving_that_orders_nothing: drop_after_wait, NoOrder {
        const ORDERED_WORDS: bool = false;
    }, &[RACE, USE_AFTER_FREE];
}
