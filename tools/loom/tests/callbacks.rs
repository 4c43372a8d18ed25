// SPDX-License-Identifier: GPL-2.0

//! Callbacks: each one is invoked once, in order, after its grace period, and nobody touches a
//! queue or a domain whose callbacks have all been invoked. Planted bugs are found.
//!
//! The handling of queues by `rust/epoch/callback.rs` and `api.rs` is reproduced here.

mod common;

use common::{HANG, RACE, explore};
use epoch_loom::{
    CPUS, Callbacks, Cookie, Domain, EngineTask, Flaw, LoomLinks, Machine, Members, Node, Round,
    Sound, Taken, USE_AFTER_FREE, alone, domain,
};
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering, fence},
    thread,
};
// Not loom's `Arc`, which cannot be dropped after a deadlock.
use std::{mem::ManuallyDrop, ptr::NonNull, sync::Arc};

const NOT_ONCE: &str = "a callback was not invoked once";
const TOO_EARLY: &str = "a callback was invoked before its grace period had passed";
const NOT_IN_ORDER: &str = "callbacks were not invoked in their order";

/// Number of callbacks, each of which frees an object.
const HEADS: usize = 4;

#[repr(C)]
struct Head<F: Flaw> {
    // First, so that its address is that of the whole struct.
    node: Node<LoomLinks<F>>,
    number: usize,
    /// Cookie of a grace period that begins after the callback was queued. Not tracked by loom.
    cookie: std::sync::OnceLock<Cookie>,
    invoked: UnsafeCell<usize>,
}

/// A domain and its queues, which are freed in the end.
struct Inner<F: Flaw> {
    domain: Domain<Machine<F>>,
    callbacks: [Callbacks<F>; CPUS],
}

struct World<F: Flaw> {
    task: EngineTask<F>,
    /// Dropped, but not deallocated, by the tests of the drop.
    inner: std::cell::UnsafeCell<ManuallyDrop<Inner<F>>>,
    heads: [Head<F>; HEADS],
    /// Numbers of the invoked callbacks, in order. Not tracked by loom.
    order: std::sync::Mutex<Vec<usize>>,
    current: AtomicUsize,
    objects: [UnsafeCell<bool>; HEADS + 1],
    /// Set for each barrier that was reached.
    reached: [AtomicUsize; CPUS],
    /// Number of callbacks that were queued on each CPU, and of those that have returned.
    queued: [AtomicUsize; CPUS],
    returned: [AtomicUsize; CPUS],
}

// SAFETY: Loom checks all accesses to its cells, which is what the tests are about.
unsafe impl<F: Flaw> Send for World<F> {}
// SAFETY: Loom checks concurrent accesses to its cells as well.
unsafe impl<F: Flaw> Sync for World<F> {}

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            task: EngineTask::new(),
            inner: std::cell::UnsafeCell::new(ManuallyDrop::new(Inner {
                domain: domain(),
                callbacks: std::array::from_fn(|_| Callbacks::new()),
            })),
            heads: std::array::from_fn(|number| Head {
                node: Node::new(UnsafeCell::new(None)),
                number,
                cookie: std::sync::OnceLock::new(),
                invoked: UnsafeCell::new(0),
            }),
            order: std::sync::Mutex::default(),
            current: AtomicUsize::new(0),
            objects: std::array::from_fn(|_| UnsafeCell::new(true)),
            reached: std::array::from_fn(|_| AtomicUsize::new(0)),
            queued: std::array::from_fn(|_| AtomicUsize::new(0)),
            returned: std::array::from_fn(|_| AtomicUsize::new(0)),
        })
    }

    fn inner(&self) -> &Inner<F> {
        // SAFETY: `inner` is valid until `drop_inner`; loom finds later accesses.
        unsafe { &*self.inner.get() }
    }

    fn domain(&self) -> &Domain<Machine<F>> {
        &self.inner().domain
    }

    fn callbacks(&self, cpu: usize) -> &Callbacks<F> {
        &self.inner().callbacks[cpu]
    }

    /// Queues a callback on a CPU, as `Epoch::call` does, without a batching delay.
    fn call(&self, number: usize, cpu: usize) {
        if self.push(number, cpu) {
            self.collect(cpu);
        }
    }

    /// Queues a callback. Returns whether the caller is now the queue's tender.
    fn push(&self, number: usize, cpu: usize) -> bool {
        let head = &self.heads[number];
        assert!(head.cookie.set(self.domain().snapshot()).is_ok());
        let head = NonNull::from(head);
        // SAFETY: The head is valid as long as the world, and is queued once, as the cookie shows.
        unsafe { self.callbacks(cpu).queue().push(head.cast()) }
    }

    /// Makes the queue of a CPU wait for a grace period.
    fn collect(&self, cpu: usize) {
        self.task.collect(self.callbacks(cpu), self.domain());
    }

    /// Runs the worker of a CPU's queue.
    fn work(&self, cpu: usize) {
        self.work_and(cpu, || ());
    }

    /// Runs the worker of a CPU's queue, whose last callback does `more`.
    fn work_and(&self, cpu: usize, more: impl FnOnce()) {
        let queue = self.callbacks(cpu).queue();
        let Some(done) = queue.take_ready() else {
            return;
        };
        // The next grace period begins while these callbacks are invoked.
        let handed = queue.has_fresh();
        if handed {
            self.collect(cpu);
        }
        self.invoke(done);
        more();
        if !handed && !queue.release() {
            self.collect(cpu);
        }
    }

    /// Invokes callbacks, each of which frees its object.
    fn invoke(&self, done: Taken<LoomLinks<F>>) {
        for node in done {
            // SAFETY: Each node is the first field of a `repr(C)` head of `self`.
            let head = unsafe { node.cast::<Head<F>>().as_ref() };
            let passed = head
                .cookie
                .get()
                .is_some_and(|cookie| self.domain().poll(*cookie));
            assert!(passed, "{TOO_EARLY}");
            self.free(head.number);
            // SAFETY: Loom checks that nobody accesses it concurrently.
            head.invoked.with_mut(|invoked| unsafe { *invoked += 1 });
            self.order.lock().unwrap().push(head.number);
            if let Some(cpu) = head.number.checked_sub(BARRIER) {
                self.reached[cpu].store(1, Ordering::Release);
            }
        }
    }

    fn free(&self, number: usize) {
        // SAFETY: Loom checks that nobody accesses it concurrently.
        self.objects[number].with_mut(|object| unsafe { *object = false });
    }

    fn assert_invoked(&self, number: usize) {
        // SAFETY: Loom checks that nobody writes concurrently.
        let invoked = self.heads[number]
            .invoked
            .with(|invoked| unsafe { *invoked });
        assert_eq!(invoked, 1, "{NOT_ONCE}");
    }

    fn assert_order(&self, expected: &[usize]) {
        assert_eq!(*self.order.lock().unwrap(), expected, "{NOT_IN_ORDER}");
    }

    /// Uses the current object inside a section.
    fn read(&self) {
        self.read_and(|| ());
    }

    /// Uses the current object inside a section, and does `more`.
    fn read_and(&self, more: impl FnOnce()) {
        let section = self.domain().enter();
        let current = self.current.load(Ordering::Relaxed);
        // SAFETY: Loom checks that nobody writes concurrently.
        let alive = self.objects[current].with(|object| unsafe { *object });
        assert!(alive, "{USE_AFTER_FREE}");
        more();
        // SAFETY: `section` was entered in this domain.
        unsafe { self.domain().exit(section) };
    }

    /// Unlinks an object, and queues a callback that frees it.
    fn update(&self, number: usize, cpu: usize) {
        self.current.store(number + 1, Ordering::Relaxed);
        self.call(number, cpu);
    }

    /// Tries to detect a grace period alone.
    fn detect_alone(&self) {
        let cookie = self.domain().snapshot();
        alone(self.task.engine(), self.domain(), cookie);
    }

    /// Waits for callbacks, as `Epoch::barrier` does.
    fn barrier(&self) {
        let wanted = [0, 1].map(|cpu| !self.callbacks(cpu).queue().is_idle());
        for cpu in (0..CPUS).filter(|cpu| wanted[*cpu]) {
            self.call(BARRIER + cpu, cpu);
        }
        for cpu in (0..CPUS).filter(|cpu| wanted[*cpu]) {
            while self.reached[cpu].load(Ordering::Acquire) == 0 {
                thread::yield_now();
            }
        }
        epoch_loom::full_barrier();
    }

    /// Returns the number of pending callbacks, as `Epoch::count_pending` does.
    fn pending(&self) -> usize {
        let sum = |counters: &[AtomicUsize; CPUS]| -> usize {
            let counters = counters.iter();
            counters.map(|one| one.load(Ordering::Relaxed)).sum()
        };
        let returned = sum(&self.returned);
        fence(Ordering::Acquire);
        sum(&self.queued).wrapping_sub(returned)
    }

    /// Tears down, as `Epoch::free` does. Nobody but callbacks may queue callbacks any more.
    fn tear_down(&self) {
        while F::TEARDOWN_WAITS && self.pending() != 0 {
            thread::yield_now();
        }
        while !self.drop_inner() {
            thread::yield_now();
        }
    }

    /// Drops the domain and its queues unless they are in use. Returns whether it did.
    fn drop_inner(&self) -> bool {
        let is_idle = |callbacks: &Callbacks<F>| callbacks.queue().is_idle();
        let unused = self.inner().callbacks.iter().all(is_idle) && self.domain().has_left();
        if unused {
            // SAFETY: Nobody uses them any more, which loom checks.
            unsafe { ManuallyDrop::drop(&mut *self.inner.get()) };
        }
        unused
    }
}

/// Number of the first callback that a barrier queues.
const BARRIER: usize = 2;

/// Threads that do the kernel's part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kernel {
    /// A single thread: first the engine's task, then the workers, until there is nothing to do.
    OneThread,
    /// A thread for the engine's task, and one for the worker of CPU 0.
    Threads,
}

/// Runs `main` and each of `tasks` concurrently with the kernel's part, and then `check`.
fn run<F: Flaw, const N: usize>(
    preemptions: usize,
    kernel: Kernel,
    tasks: [fn(&World<F>); N],
    main: fn(&World<F>),
    check: fn(&World<F>),
) {
    explore(preemptions, move || {
        let world = World::<F>::new();
        let spawn = |task: fn(&World<F>)| {
            let world = world.clone();
            thread::spawn(move || task(&world))
        };
        let tasks = tasks.map(spawn);
        match kernel {
            Kernel::OneThread => {
                let service = spawn(serve_once);
                main(&world);
                for task in tasks {
                    task.join().unwrap();
                }
                service.join().unwrap();
                // Callbacks that were queued after that.
                while !world
                    .inner()
                    .callbacks
                    .iter()
                    .all(|one| one.queue().is_idle())
                {
                    serve_once(&world);
                }
            }
            Kernel::Threads => {
                let engine = spawn(|world| world.task.run());
                let worker = spawn(|world| {
                    // Not dispatched: nothing but the queue orders this call.
                    world.work(0);
                    world.callbacks(0).run(|| world.work(0));
                });
                main(&world);
                for task in tasks {
                    task.join().unwrap();
                }
                while !world.callbacks(0).queue().is_idle() {
                    thread::yield_now();
                }
                world.task.stop();
                world.callbacks(0).stop();
                engine.join().unwrap();
                worker.join().unwrap();
            }
        }
        check(&world);
    });
}

/// Runs the engine's task until it is idle, and then the dispatched workers.
fn serve_once<F: Flaw>(world: &World<F>) {
    world.task.run_until_idle();
    for cpu in 0..CPUS {
        if world.callbacks(cpu).take_dispatch() {
            world.work(cpu);
        }
    }
}

/// Objects that are freed by callbacks, while a section may use them.
fn reader_and_callbacks<F: Flaw>() {
    run::<F, 1>(
        2,
        Kernel::OneThread,
        [World::read],
        |world| {
            world.update(0, 0);
            world.update(1, 0);
        },
        |world| world.assert_order(&[0, 1]),
    );
}

/// Two tasks that queue callbacks on one CPU, possibly interrupting one another.
fn two_callers<F: Flaw>() {
    run::<F, 1>(
        2,
        Kernel::OneThread,
        [|world| world.call(1, 0)],
        |world| world.call(0, 0),
        |world| (0..2).for_each(|number| world.assert_invoked(number)),
    );
}

/// Two callbacks on two CPUs, each of which makes its caller the tender of that CPU's queue.
fn callers_on_two_cpus<F: Flaw>() {
    run::<F, 1>(
        2,
        Kernel::OneThread,
        [|world| world.call(1, 1)],
        |world| world.call(0, 0),
        |world| (0..2).for_each(|number| world.assert_invoked(number)),
    );
}

/// A task that queues callbacks while the worker invokes them and releases the queue.
fn caller_and_worker<F: Flaw>() {
    run::<F, 0>(
        1,
        Kernel::Threads,
        [],
        |world| {
            world.call(0, 0);
            world.call(1, 0);
        },
        |world| world.assert_order(&[0, 1]),
    );
}

/// A callback whose grace period another task detects, alone.
fn caller_and_lone_detector<F: Flaw>() {
    run::<F, 1>(
        2,
        Kernel::OneThread,
        [|world| world.call(0, 0)],
        World::detect_alone,
        |world| world.assert_invoked(0),
    );
}

/// A callback that is queued while another one is collected, in a grace period that began before
/// that.
fn collector_and_caller<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        // The queue is collected later, as by a timer.
        assert!(world.push(0, 0));
        let caller = thread::spawn({
            let world = world.clone();
            move || {
                // The grace period does not end in the section.
                world.read_and(|| {
                    world.detect_alone();
                    assert!(!world.push(1, 0));
                });
            }
        });
        world.collect(0);
        caller.join().unwrap();
        while !world.callbacks(0).queue().is_idle() {
            serve_once(&world);
        }
        world.assert_order(&[0, 1]);
    });
}

/// A barrier after a callback, while another one is queued.
fn barrier_and_other_caller<F: Flaw>() {
    run::<F, 0>(
        1,
        Kernel::Threads,
        [],
        |world| {
            world.call(0, 0);
            world.barrier();
            world.assert_invoked(0);
        },
        |_| (),
    );
}

/// Drop of a domain after a callback, whose grace period may be one that another task waited for.
fn drop_after_call<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        let spawn = |task: fn(&World<F>)| {
            let world = world.clone();
            thread::spawn(move || task(&world))
        };
        // The queue is collected later, as by a timer.
        assert!(world.push(0, 0));
        let collector = spawn(|world| world.collect(0));
        let service = spawn(|world| {
            world.task.kick(world.domain());
            serve_once(world);
            world.task.run_until_idle();
        });
        let dropped = world.drop_inner();
        collector.join().unwrap();
        service.join().unwrap();
        if !dropped {
            serve_once(&world);
            assert!(world.drop_inner());
        }
        world.assert_invoked(0);
    });
}

/// Drop of a domain when the last callback has been invoked, while the engine has yet to let the
/// domain leave.
fn drop_of_a_member<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        assert!(world.push(0, 0));
        let teardown = thread::spawn({
            let world = world.clone();
            move || world.drop_inner()
        });
        world.collect(0);
        let mut members = Members::default();
        let round = world.task.engine().round(&mut members);
        assert!(matches!(round, Round::Progress { .. }));
        assert!(world.callbacks(0).take_dispatch());
        world.work(0);
        world.task.resume_until_idle(&mut members);
        if !teardown.join().unwrap() {
            assert!(world.drop_inner());
        }
        world.assert_invoked(0);
    });
}

/// A teardown while a callback of one CPU queues another one on another CPU.
fn tear_down_beside_callback_that_queues<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new();
        // Queued on CPU 1, so that the check of all queues has passed that of CPU 0.
        let count = |counters: &[AtomicUsize; CPUS], cpu: usize| {
            // The list's exchanges are full barriers, before and after.
            counters[cpu].fetch_add(1, Ordering::Release);
        };
        count(&world.queued, 1);
        world.call(0, 1);
        let service = thread::spawn({
            let world = world.clone();
            move || {
                world.task.run_until_idle();
                assert!(world.callbacks(1).take_dispatch());
                world.work_and(1, || {
                    count(&world.queued, 0);
                    world.call(1, 0);
                    count(&world.returned, 1);
                });
                world.task.run_until_idle();
                assert!(world.callbacks(0).take_dispatch());
                world.work_and(0, || count(&world.returned, 0));
            }
        });
        world.tear_down();
        service.join().unwrap();
        (0..2).for_each(|number| world.assert_invoked(number));
    });
}

/// Callbacks of a CPU that goes offline: another CPU leaves its section, and invokes them, while
/// the CPU comes back and queues more.
fn callbacks_of_an_offline_cpu<F: Flaw>() {
    run::<F, 1>(
        2,
        Kernel::OneThread,
        [|world| {
            let machine = world.domain().platform();
            machine.migrate(1);
            world.read_and(|| machine.migrate(0));
        }],
        |world| {
            world.domain().platform().migrate(1);
            world.update(0, 1);
            world.update(1, 1);
        },
        |world| world.assert_order(&[0, 1]),
    );
}

#[test]
fn callbacks_come_after_the_sections() {
    reader_and_callbacks::<Sound>();
}

#[test]
fn callbacks_of_two_callers_are_invoked() {
    two_callers::<Sound>();
}

#[test]
fn callbacks_of_two_cpus_are_invoked() {
    callers_on_two_cpus::<Sound>();
}

#[test]
fn callbacks_of_a_cpu_are_invoked_in_order() {
    caller_and_worker::<Sound>();
}

#[test]
fn callback_is_invoked_after_a_grace_period_of_somebody_else() {
    caller_and_lone_detector::<Sound>();
}

#[test]
fn callback_waits_for_a_grace_period_that_begins_after_it_was_queued() {
    collector_and_caller::<Sound>();
}

#[test]
fn barrier_waits_for_older_callback() {
    barrier_and_other_caller::<Sound>();
}

#[test]
fn callbacks_of_an_offline_cpu_are_invoked() {
    callbacks_of_an_offline_cpu::<Sound>();
}

#[test]
fn domain_may_go_after_the_last_callback() {
    drop_after_call::<Sound>();
}

#[test]
fn domain_may_not_go_before_it_has_left() {
    drop_of_a_member::<Sound>();
}

#[test]
fn teardown_waits_for_callbacks_that_callbacks_queue() {
    tear_down_beside_callback_that_queues::<Sound>();
}

finds! {
    finds_push_that_orders_nothing: two_callers, RelaxedPush {
        const ORDERED_LISTS: bool = false;
    }, &[RACE];

    finds_push_over_another_one: two_callers, BlindPush {
        const COMPARED_LISTS: bool = false;
    }, &[NOT_ONCE, RACE, HANG];

    finds_teardown_that_does_not_wait_for_callbacks: tear_down_beside_callback_that_queues, NoWait {
        const TEARDOWN_WAITS: bool = false;
    }, &[RACE, USE_AFTER_FREE];

    finds_dispatch_that_is_lost: caller_and_worker, NoDispatch {
        const DISPATCHES_WHILE_RUNNING: bool = false;
    }, &[HANG];
}
