// SPDX-License-Identifier: GPL-2.0

//! Waiters for grace periods, and the engine's task: each waiter is woken, and nobody touches a
//! domain that has left. Planted bugs are found.

mod common;

use common::{DEADLOCK, RACE, explore};
use epoch_loom::{
    Cookie, Domain, EngineTask, Flaw, Machine, Members, Pace, Round, Sound, USE_AFTER_FREE,
    Unshared, alone, domain,
};
use loom::thread;
// Not loom's cell and `Arc`, which cannot be dropped after a deadlock.
use std::{cell::UnsafeCell, mem::ManuallyDrop, sync::Arc};

/// Domains of one engine.
struct World<F: Flaw> {
    task: EngineTask<F>,
    /// Dropped, but not deallocated, by the tests of the drop.
    domains: [UnsafeCell<ManuallyDrop<Domain<Machine<F>>>>; 2],
}

// SAFETY: Domains consist of atomics and of cells that loom checks; the drop is the last access to
// one.
unsafe impl<F: Flaw> Send for World<F> {}
// SAFETY: Domains consist of atomics and of cells that loom checks, as for `Send`.
unsafe impl<F: Flaw> Sync for World<F> {}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            task: EngineTask::new(),
            domains: std::array::from_fn(|_| UnsafeCell::new(ManuallyDrop::new(domain()))),
        })
    }

    fn domain(&self, number: usize) -> &Domain<Machine<F>> {
        // SAFETY: The domain is valid until `drop_domain`; loom finds later accesses.
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

    /// Begins to wait for a grace period, and abandons the wait.
    fn give_up(&self, number: usize) -> Cookie {
        let domain = self.domain(number);
        let cookie = domain.snapshot();
        self.task.begin_wait(domain, cookie);
        domain.end_wait(Pace::Normal);
        cookie
    }

    /// Enters and leaves a section.
    fn read(&self, number: usize) {
        let section = self.domain(number).enter();
        // SAFETY: `section` was entered in this domain.
        unsafe { self.domain(number).exit(section) };
    }

    /// Tries to detect a grace period alone.
    fn detect_alone(&self) {
        let cookie = self.domain(0).snapshot();
        alone(self.task.engine(), self.domain(0), cookie);
    }

    /// Spawns a task that runs `f`.
    fn spawn<T: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || f(&world))
    }

    /// Drops a domain that nobody uses any more, except for a while the engine.
    fn drop_domain(&self, number: usize) {
        while !self.domain(number).has_left() {
            thread::yield_now();
        }
        // SAFETY: The domain has left, so nobody accesses it any more, which loom checks.
        unsafe { ManuallyDrop::drop(&mut *self.domains[number].get()) };
    }
}

/// Runs `main` and each of `tasks` concurrently with the engine's task.
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

/// A waiter that waits repeatedly, so that it comes while the domain is about to leave, and while
/// the engine's task is about to sleep.
fn one_waiter<F: Flaw>() {
    run::<F, 0>(3, [], |world| {
        world.wait(0);
        world.wait(0);
    });
}

/// Two waiters that share a grace period if they can, or detect one alone.
fn two_waiters<F: Flaw>() {
    run::<F, 1>(2, [|world| world.synchronize(0)], |world| {
        world.synchronize(0)
    });
}

/// A waiter next to a task that detects alone: it may kick while that task is the detector.
fn waiter_beside_lone_detector<F: Flaw>() {
    run::<F, 1>(2, [|world| world.wait(0)], World::detect_alone);
}

/// Two waiters that share a grace period, while a section is open.
fn reader_and_two_waiters<F: Flaw>() {
    run::<F, 2>(
        1,
        [|world| world.read(0), |world| world.synchronize(0)],
        |world| world.synchronize(0),
    );
}

/// A waiter that abandons its wait, and one that does not.
fn waiter_beside_one_that_gives_up<F: Flaw>() {
    run::<F, 1>(
        2,
        [|world| {
            world.give_up(0);
        }],
        |world| world.wait(0),
    );
}

/// Two waiters that detect alone, each a grace period of its own domain.
fn waiters_of_two_domains<F: Flaw>() {
    run::<F, 1>(2, [|world| world.synchronize(0)], |world| {
        world.synchronize(1)
    });
}

/// Two waiters that have the engine detect grace periods of two domains.
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

/// A domain that is dropped after a waiter has abandoned its wait.
fn drop_after_giving_up<F: Flaw>() {
    run::<F, 0>(3, [], |world| {
        world.give_up(1);
        world.drop_domain(1);
    });
}

/// A sleeping waiter, the engine's task, which begins a grace period for it and finds a section
/// open, and a task that looked for members before that and then detects alone.
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
            // SAFETY: `section` was entered in this domain.
            unsafe { domain.exit(section) };
            lone.join().unwrap();
            world.task.resume_until_idle(&mut members);
        });
    });
}

/// A sleeping waiter, the engine's task, and a task that detects alone while the waiter kicks.
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

/// A sleeping waiter, the engine's task, which is awake, and a task that was the first to kick and
/// is slow to make the domain a member.
fn waiter_beside_slow_kick<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let domain = world.domain(0);
        // SAFETY: The domain belongs to this engine, and is valid as long as the world.
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
            // SAFETY: The domain belongs to this engine, and is valid as long as the world.
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
        // SAFETY: The domain belongs to this engine, and is valid as long as the world.
        let kick = || unsafe { engine.kick(domain) };
        let wait = |pace| {
            domain.begin_wait(domain.snapshot(), pace);
            kick()
        };
        assert!(wait(Pace::Normal));
        // The engine has not seen the first kick yet.
        assert!(!wait(Pace::Normal));
        // One slot is empty.
        assert!(matches!(engine.round(&mut members), Round::Progress { .. }));
        let polls = |polls, pace| Round::Wait { polls, pace };
        assert_eq!(engine.round(&mut members), polls(1, Pace::Normal));
        assert!(engine.rest());
        assert!(wait(Pace::Expedited));
        assert_eq!(engine.round(&mut members), polls(2, Pace::Expedited));
        // SAFETY: `section` was entered in this domain.
        unsafe { domain.exit(section) };
        for pace in [Pace::Normal, Pace::Normal, Pace::Expedited] {
            domain.end_wait(pace);
        }
        // No waiter is left: the grace period is abandoned.
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

    /// The check whether the domain has left does not order later accesses.
    finds_missing_full_barrier: drop_after_wait, NoFull {
        const FULL: bool = false;
    }, &[RACE, USE_AFTER_FREE];

    finds_leaving_that_orders_nothing: drop_after_wait, NoOrder {
        const ORDERED_WORDS: bool = false;
    }, &[RACE, USE_AFTER_FREE];
}
