// SPDX-License-Identifier: GPL-2.0

//! Callbacks: the list is that of `rust/epoch/domain/list.rs`; what `rust/epoch/callback.rs` and
//! `api.rs` make of it, the domain and a work item is written down here once more.

mod common;

use common::{RACE, USE_AFTER_FREE, explore};
use epoch_model::{
    CPUS, Cookie, Domain, Flaw, List, Lock, LoomLinks, Machine, Node, Pace, Slip, Sound, Taken,
    Work, full_barrier,
};
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    },
    thread,
};
use std::ptr::{self, NonNull};

const NOT_CALLED: &str = "a callback was not called";
const NOT_ONCE: &str = "a callback was not called once";
const NOT_IN_ORDER: &str = "callbacks were not called in their order";
const NEVER_PASSES: &str = "a grace period never comes";

/// The number of callbacks, each of which frees an object.
const HEADS: usize = 2;

#[repr(C)]
struct Head<F: Flaw> {
    // First, so that its address is that of the whole.
    node: Node<LoomLinks<F>>,
    number: usize,
    /// How often it is given in all.
    times: usize,
    called: UnsafeCell<usize>,
}

/// An epoch, and what is given to it.
struct World<F: Flaw> {
    domain: Domain<Machine<F>>,
    lock: Lock,
    lists: [List<LoomLinks<F>>; CPUS],
    requested: AtomicBool,
    work: Work<F>,
    /// Whether callbacks wait for a grace period; where nobody reads, it would only be more to explore.
    waits: bool,
    heads: [Head<F>; HEADS],
    /// The numbers of those that were called. Not seen by loom.
    order: std::sync::Mutex<Vec<usize>>,
    current: AtomicUsize,
    objects: [UnsafeCell<bool>; HEADS + 1],
}

// SAFETY: Loom checks what is done to its cells, which is what the tests are about.
unsafe impl<F: Flaw> Send for World<F> {}
// SAFETY: As above.
unsafe impl<F: Flaw> Sync for World<F> {}

impl<F: Flaw> World<F> {
    fn new(waits: bool, times: usize) -> Arc<Self> {
        Arc::new(Self {
            domain: Domain::new(Machine::new()),
            lock: Lock::new(),
            lists: std::array::from_fn(|_| {
                // SAFETY: It is null.
                unsafe { List::new(AtomicPtr::new(ptr::null_mut())) }
            }),
            requested: AtomicBool::new(false),
            work: Work::new(),
            waits,
            heads: std::array::from_fn(|number| Head {
                node: Node::new(UnsafeCell::new(None)),
                number,
                times,
                called: UnsafeCell::new(0),
            }),
            order: std::sync::Mutex::default(),
            current: AtomicUsize::new(0),
            objects: std::array::from_fn(|_| UnsafeCell::new(true)),
        })
    }

    /// `Epoch::call`, on a CPU.
    fn call(&self, number: usize, cpu: usize) {
        let head = NonNull::from(&self.heads[number]);
        if F::SLIP == Some(Slip::QueuedFirst) {
            self.work.enqueue(cpu);
        }
        // SAFETY: The world has the head for as long as anyone is in it, and gives it once at a time.
        unsafe { self.lists[cpu].push(head.cast()) };
        if F::SLIP != Some(Slip::QueuedFirst) {
            self.work.enqueue(cpu);
        }
    }

    /// `Epoch::start_poll`, on a CPU.
    fn start_poll(&self, cpu: usize) -> Cookie {
        if F::SLIP == Some(Slip::RequestedFirst) {
            self.request(true);
        }
        let cookie = self.domain.snapshot();
        if F::SLIP != Some(Slip::RequestedFirst) {
            self.request(true);
        }
        self.work.enqueue(cpu);
        cookie
    }

    fn request(&self, request: bool) -> bool {
        full_barrier();
        let requested = self.requested.swap(request, Ordering::AcqRel);
        full_barrier();
        requested
    }

    /// What the work item does: `Inner::run`.
    fn run(&self) {
        let requested = match F::SLIP {
            Some(Slip::ForgottenLate) => self.requested.load(Ordering::Acquire),
            _ => self.request(false),
        };
        let mut batch = Taken::default();
        let take = |batch: &mut Taken<_>| {
            self.lists
                .iter()
                .for_each(|list| batch.append(list.take_all()));
        };
        take(&mut batch);
        if batch.is_empty() && !requested {
            return;
        }
        if self.waits {
            self.domain.synchronize(&self.lock, Pace::Normal);
        }
        match F::SLIP {
            Some(Slip::TakenLate) => take(&mut batch),
            Some(Slip::ForgottenLate) => {
                self.request(false);
            }
            _ => (),
        }
        batch.for_each(|node| self.invoke(node));
    }

    /// Frees an object, and gives itself again.
    fn invoke(&self, node: NonNull<Node<LoomLinks<F>>>) {
        // SAFETY: It is the first field of a head of `self`.
        let head = unsafe { node.cast::<Head<F>>().as_ref() };
        self.free(head.number);
        self.order.lock().unwrap().push(head.number);
        // SAFETY: Loom checks the access.
        let called = head.called.with_mut(|called| unsafe {
            *called += 1;
            *called
        });
        if called < head.times {
            self.call(head.number, 0);
        }
    }

    fn free(&self, number: usize) {
        // SAFETY: Loom checks the access.
        self.objects[number].with_mut(|object| unsafe { *object = false });
    }

    fn called(&self, number: usize) -> usize {
        // SAFETY: Loom checks the access.
        self.heads[number].called.with(|called| unsafe { *called })
    }

    /// Uses, inside a section, the object that it finds.
    fn read(&self) {
        let section = self.domain.enter();
        let current = self.current.load(Ordering::Relaxed);
        // SAFETY: Loom checks the access.
        let alive = self.objects[current].with(|object| unsafe { *object });
        assert!(alive, "{USE_AFTER_FREE}");
        // SAFETY: It was entered in this domain.
        unsafe { self.domain.exit(section) };
    }

    /// Unlinks the objects, one after the other, and has them freed after a grace period.
    fn update(&self) {
        for number in 0..HEADS {
            self.current.store(number + 1, Ordering::Relaxed);
            self.call(number, 0);
        }
    }
}

/// Runs `f` in another thread.
fn spawn<F: Flaw>(
    world: &Arc<World<F>>,
    f: impl FnOnce(&World<F>) + 'static,
) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || f(&world))
}

/// Objects that are freed by callbacks, while a section may use them. The work item runs at any time,
/// also when it is not queued.
fn reader_and_callbacks<F: Flaw>() {
    explore(2, || {
        let world = World::<F>::new(true, 1);
        let reader = spawn(&world, World::read);
        let worker = spawn(&world, World::run);
        world.update();
        worker.join().unwrap();
        reader.join().unwrap();
    });
}

/// Callbacks that are given on one CPU, by two tasks, while others are taken.
fn two_givers<F: Flaw>() {
    explore(3, || {
        let world = World::<F>::new(false, 2);
        let other = spawn(&world, |world| world.call(1, 0));
        let worker = spawn(&world, World::run);
        world.call(0, 0);
        other.join().unwrap();
        worker.join().unwrap();
        // Those that were given again, perhaps twice.
        world.run();
        world.run();
        for number in 0..HEADS {
            assert_eq!(world.called(number), 2, "{NOT_ONCE}");
        }
    });
}

/// Callbacks that are given on one CPU, by one task.
fn one_giver<F: Flaw>() {
    explore(3, || {
        let world = World::<F>::new(false, 1);
        let worker = spawn(&world, World::run);
        world.call(0, 0);
        world.call(1, 0);
        worker.join().unwrap();
        world.run();
        assert_eq!(*world.order.lock().unwrap(), [0, 1], "{NOT_IN_ORDER}");
    });
}

/// A barrier behind a callback, while another task gives one, on the same CPU or on another.
fn barrier_and_other_giver<F: Flaw>() {
    for cpu in [0, 1] {
        explore(3, move || {
            let world = World::<F>::new(false, 1);
            let worker = spawn(&world, |world| world.work.process(|| world.run()));
            let other = spawn(&world, move |world| world.call(1, cpu));
            world.call(0, 0);
            world.work.flush();
            assert_eq!(world.called(0), 1, "{NOT_CALLED}");
            other.join().unwrap();
            world.work.stop();
            worker.join().unwrap();
        });
    }
}

/// The drop of an epoch with a callback that gives itself again.
fn drop_and_callback_that_gives_itself_again<F: Flaw>() {
    explore(3, || {
        let world = World::<F>::new(false, 2);
        let worker = spawn(&world, |world| world.work.process(|| world.run()));
        world.call(0, 0);
        if F::SLIP == Some(Slip::OneFlush) {
            world.work.flush();
        } else {
            while world.work.flush() {}
        }
        assert_eq!(world.called(0), 2, "{NOT_CALLED}");
        world.work.stop();
        worker.join().unwrap();
    });
}

/// Two that poll for grace periods: they come, for both.
fn two_pollers<F: Flaw>() {
    explore(3, || {
        let world = World::<F>::new(true, 1);
        let worker = spawn(&world, |world| world.work.process(|| world.run()));
        let other = spawn(&world, |world| {
            world.start_poll(1);
        });
        let cookie = world.start_poll(0);
        other.join().unwrap();
        world.work.stop();
        worker.join().unwrap();
        assert!(world.domain.poll(cookie), "{NEVER_PASSES}");
    });
}

#[test]
fn callback_comes_after_the_sections() {
    reader_and_callbacks::<Sound>();
}

#[test]
fn callback_is_called_as_often_as_it_is_given() {
    two_givers::<Sound>();
}

#[test]
fn callbacks_of_a_cpu_are_called_in_order() {
    one_giver::<Sound>();
}

#[test]
fn barrier_waits_for_older_callback() {
    barrier_and_other_giver::<Sound>();
}

#[test]
fn drop_waits_for_callback_that_gives_itself_again() {
    drop_and_callback_that_gives_itself_again::<Sound>();
}

#[test]
fn grace_period_that_is_polled_for_comes() {
    two_pollers::<Sound>();
}

finds! {
    finds_relaxed_push: reader_and_callbacks, RelaxedPush {
        const SLIP: Option<Slip> = Some(Slip::RelaxedPush);
    }, &[RACE];

    finds_callbacks_taken_after_the_grace_period: reader_and_callbacks, TakenLate {
        const SLIP: Option<Slip> = Some(Slip::TakenLate);
    }, &[USE_AFTER_FREE, RACE];

    finds_push_over_another_one: two_givers, BlindPush {
        const SLIP: Option<Slip> = Some(Slip::BlindPush);
    }, &[NOT_ONCE];

    finds_work_queued_before_the_push: barrier_and_other_giver, QueuedFirst {
        const SLIP: Option<Slip> = Some(Slip::QueuedFirst);
    }, &[NOT_CALLED];

    finds_barrier_that_ignores_running_work: barrier_and_other_giver, QueuedOnly {
        const SLIP: Option<Slip> = Some(Slip::QueuedOnly);
    }, &[NOT_CALLED, RACE];

    finds_barrier_that_ignores_who_is_about_to_queue: barrier_and_other_giver, NoInterrupts {
        const SLIP: Option<Slip> = Some(Slip::NoInterrupts);
    }, &[NOT_CALLED, RACE];

    finds_drop_that_flushes_once: drop_and_callback_that_gives_itself_again, OneFlush {
        const SLIP: Option<Slip> = Some(Slip::OneFlush);
    }, &[NOT_CALLED, RACE];

    finds_request_before_the_snapshot: two_pollers, RequestedFirst {
        const SLIP: Option<Slip> = Some(Slip::RequestedFirst);
    }, &[NEVER_PASSES];

    finds_request_forgotten_after_the_grace_period: two_pollers, ForgottenLate {
        const SLIP: Option<Slip> = Some(Slip::ForgottenLate);
    }, &[NEVER_PASSES];
}
