// SPDX-License-Identifier: GPL-2.0

//! The list of the tracker `lockless`: no block is lost, and a waiter for a generation finds the
//! block finished that started with it. Planted bugs are found.

mod common;

use common::{HANG, RACE, explore};
use epoch_loom::USE_AFTER_FREE;
use epoch_loom::queue::{Pool, Queue, QueueFlaw as Flaw, SoundQueue as Sound};
use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Panic message when a wait would have ended too early.
const UNFINISHED: &str = "a generation is done whose block is not finished";

/// Panic message when blocks did not get one generation each.
const TWICE: &str = "generations are not what they should be";

/// Panic message when the list has something left, or lacks something.
const LOST: &str = "the list is not as it was at first";

/// State of a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Page {
    Mapped,
    Unmapped,
    Reused,
}

/// Blocks, each of which unmaps a page of its own, and notes it.
struct World<F: Flaw> {
    queue: Queue<Pool<F>>,
    noted: [AtomicU64; NODES],
    pages: [UnsafeCell<Page>; NODES],
    /// Generations that blocks have started with. Not tracked by loom.
    generations: std::sync::Mutex<Vec<u64>>,
}

const NODES: usize = 4;

impl<F: Flaw> World<F> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::new(Pool::new(NODES)),
            noted: std::array::from_fn(|_| AtomicU64::new(0)),
            pages: std::array::from_fn(|_| UnsafeCell::new(Page::Mapped)),
            generations: std::sync::Mutex::default(),
        })
    }

    fn start(&self, node: usize) -> u64 {
        let generation = self.queue.start(node).generation;
        self.generations.lock().unwrap().push(generation);
        generation
    }

    /// Runs a block.
    fn block(&self, node: usize) {
        self.start(node);
        self.queue.finish(node);
    }

    /// Runs a block that notes a page, and touches it until it is finished.
    fn block_with_page(&self, node: usize) {
        let generation = self.start(node);
        self.noted[node].store(generation, Ordering::Release);
        self.pages[node].with_mut(|page| {
            // SAFETY: Loom checks that nobody accesses the page concurrently.
            let before = unsafe { page.replace(Page::Unmapped) };
            assert_eq!(before, Page::Mapped, "{USE_AFTER_FREE}");
        });
        self.queue.finish(node);
    }

    /// Reuses a noted page, unless it must wait for the block.
    fn reuse(&self, node: usize) {
        let generation = self.noted[node].load(Ordering::Acquire);
        if generation != 0 && generation <= self.queue.done() {
            self.pages[node].with_mut(|page| {
                // SAFETY: Loom checks that nobody accesses the page concurrently.
                let before = unsafe { page.replace(Page::Reused) };
                assert_eq!(before, Page::Unmapped, "{UNFINISHED}");
            });
        }
    }

    /// Checks after all blocks: each had a generation of its own, all are done, and the list is
    /// empty.
    fn check(&self) {
        let mut generations = self.generations.lock().unwrap().clone();
        let count = generations.len() as u64;
        generations.sort_unstable();
        assert!(generations.into_iter().eq(1..=count), "{TWICE}");
        assert_eq!(self.queue.done(), count, "{LOST}");
        let pool = self.queue.platform();
        assert!((0..NODES).all(|node| pool.is_idle(node)), "{LOST}");
        let last = self.queue.start(0);
        assert_eq!(last.length, 1, "{LOST}");
        assert_eq!(last.generation, count + 1, "{LOST}");
        assert_eq!(self.queue.finish(0), Some(count + 1), "{LOST}");
    }
}

/// Runs `tasks` concurrently, and then checks the list.
fn run<F: Flaw, const N: usize>(preemptions: usize, tasks: [fn(&World<F>); N]) {
    explore(preemptions, move || {
        let world = World::<F>::new();
        let threads: Vec<_> = tasks[1..]
            .iter()
            .map(|&task| {
                let world = world.clone();
                thread::spawn(move || task(&world))
            })
            .collect();
        tasks[0](&world);
        for thread in threads {
            thread.join().unwrap();
        }
        world.check();
    });
}

/// Two blocks, one of which may come while the other is about to go.
fn two_blocks<F: Flaw>() {
    run::<F, 2>(4, [|world| world.block(0), |world| world.block(1)]);
}

/// Two blocks, and a waiter for each of them.
fn two_blocks_and_waiter<F: Flaw>() {
    run::<F, 3>(
        3,
        [
            |world| {
                world.reuse(0);
                world.reuse(1);
            },
            |world| world.block_with_page(0),
            |world| world.block_with_page(1),
        ],
    );
}

/// Two blocks and a waiter for each of them, with blocks before and after them.
fn two_blocks_and_waiter_beside_others<F: Flaw>() {
    run::<F, 3>(
        2,
        [
            |world| {
                world.reuse(0);
                world.reuse(1);
            },
            |world| {
                world.block(2);
                world.block_with_page(0);
            },
            |world| {
                world.block_with_page(1);
                world.block(3);
            },
        ],
    );
}

/// Three blocks.
fn three_blocks<F: Flaw>() {
    run::<F, 3>(
        2,
        [
            |world| world.block(0),
            |world| world.block(1),
            |world| world.block(2),
        ],
    );
}

/// A node that is reused at once, while others may still see it.
fn node_used_again<F: Flaw>() {
    run::<F, 2>(
        3,
        [
            |world| {
                world.block(0);
                world.block(0);
            },
            |world| {
                world.block(1);
                world.block(1);
            },
        ],
    );
}

/// A node that is reused at once, next to two blocks that are open at the same time.
fn node_used_again_beside_two<F: Flaw>() {
    run::<F, 2>(
        3,
        [
            |world| {
                world.block(0);
                world.block(0);
            },
            |world| {
                world.start(1);
                world.start(2);
                world.queue.finish(1);
                world.queue.finish(2);
            },
        ],
    );
}

#[test]
fn two_blocks_come_and_go() {
    two_blocks::<Sound>();
}

#[test]
fn three_blocks_come_and_go() {
    three_blocks::<Sound>();
}

#[test]
fn node_may_be_used_again() {
    node_used_again::<Sound>();
}

#[test]
fn node_may_be_used_again_beside_overlapping_blocks() {
    node_used_again_beside_two::<Sound>();
}

#[test]
fn generation_is_done_when_its_block_is_finished() {
    two_blocks_and_waiter::<Sound>();
}

#[test]
fn generation_is_done_when_its_block_is_finished_beside_others() {
    two_blocks_and_waiter_beside_others::<Sound>();
}

/// Signs of a wait that ends too early.
const EARLY: &[&str] = &[RACE, USE_AFTER_FREE, UNFINISHED];

finds! {
    finds_exchange_that_is_no_release: two_blocks_and_waiter, RelaxedExchange {
        const EXCHANGE: bool = false;
    }, EARLY;

    finds_mark_that_is_no_acquire: two_blocks_and_waiter, RelaxedMark {
        const MARK: bool = false;
    }, EARLY;

    finds_waiter_without_acquire: two_blocks_and_waiter, RelaxedDone {
        const DONE: bool = false;
    }, EARLY;

    /// A walk goes round in circles.
    finds_walk_without_acquire: node_used_again_beside_two, RelaxedLink {
        const LINK: bool = false;
    }, &[HANG];
}
