// SPDX-License-Identifier: GPL-2.0

//! What the heavy barrier is for. A CPU may hold back its store to the counter while it goes on
//! with the loads of the section: an updater that looks at the counters meanwhile sees no reader,
//! and the reader does not see the update. The heavy barrier has to make an end of it; without it,
//! it is seen to happen.

use std::array;
use std::hint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread;

use epoch_machine::topology::allowed_cpus;
use epoch_peers::epoch::{Epoch, Flaw, Reader, Sound};
use epoch_peers::system::pin;

/// Stores that the one to the counter has to wait for.
const SLOW_STORES: usize = 48;
/// Without a heavy barrier, one try in some ten or forty goes wrong on a quiet machine, and one in a million
/// where other programs take the CPUs: so those who look for it go on until they have found it, ...
const ENOUGH: u64 = 1;
/// ... and give up after so many tries; ...
const MOST_TRIES: u64 = 30_000_000;
/// ... and those who look for its absence have so many.
const TRIES: u64 = 20_000;
/// The updater begins up to so many turns of a loop later than the reader: which delay makes the
/// two meet depends on the machine.
const DELAYS: u64 = 16;

#[repr(align(128))]
struct Line(AtomicU64);

impl Line {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Waits until it is `least` or more, and returns what it is.
    fn wait_for(&self, least: u64) -> u64 {
        loop {
            let value = self.0.load(Ordering::Acquire);
            if value >= least {
                return value;
            }
            hint::spin_loop();
        }
    }

    /// Removes the line from all caches, so that the next store to it takes its time.
    fn flush(&self) {
        // SAFETY: The address is valid; every x86-64 CPU has the instruction.
        unsafe { std::arch::x86_64::_mm_clflush((&raw const self.0).cast()) };
    }
}

/// In each try, an object is unlinked and poisoned. The lines hold the number of the last try that
/// did so.
struct Litmus {
    /// Of the reader, for this try; or `OVER`.
    ready: Line,
    go: Line,
    unlinked: Line,
    poisoned: Line,
    slow: [Line; SLOW_STORES],
}

const OVER: u64 = u64::MAX;

impl Litmus {
    fn new() -> Self {
        Self {
            ready: Line::new(),
            go: Line::new(),
            unlinked: Line::new(),
            poisoned: Line::new(),
            slow: array::from_fn(|_| Line::new()),
        }
    }

    /// One section; whether the object was poisoned in it although it was found linked.
    fn read<F: Flaw>(&self, reader: Reader<'_, F>, this: u64) -> bool {
        const LOOKS: usize = 100;
        self.slow.iter().for_each(Line::flush);
        fence(Ordering::SeqCst);
        // Fetches the line, so that the load in the section is quick.
        hint::black_box(self.unlinked.get());
        self.ready.0.store(this, Ordering::SeqCst);
        self.go.wait_for(this);

        for line in &self.slow {
            line.set(this);
        }
        let section = reader.enter();
        let linked = self.unlinked.get() < this;
        let poisoned = (0..LOOKS).any(|_| {
            hint::spin_loop();
            self.poisoned.get() == this
        });
        reader.exit(section);
        linked && poisoned
    }

    /// Returns whether the reader goes on.
    fn update<F: Flaw>(&self, epoch: &Epoch<F>, this: u64) -> bool {
        if self.ready.wait_for(this) == OVER {
            return false;
        }
        self.go.set(this);
        for _ in 0..this % DELAYS {
            hint::spin_loop();
        }
        self.unlinked.set(this);
        epoch.synchronize();
        self.poisoned.set(this);
        true
    }
}

/// The number of sections in which it went wrong, in so many tries, or fewer if there are `enough`.
/// None if there are no two CPUs.
fn violations<F: Flaw>(tries: u64, enough: u64) -> Option<u64> {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();

    let &[reader_cpu, updater_cpu, ..] = allowed_cpus().unwrap().as_slice() else {
        println!("skipped: it takes two CPUs");
        return None;
    };
    let epoch = Epoch::<F>::new(1).unwrap();
    let litmus = Litmus::new();
    let violations = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            pin(reader_cpu).unwrap();
            let cpu = epoch.cpu().unwrap();
            let (mut tried, mut violations) = (0, 0);
            while tried < tries && violations < enough {
                tried += 1;
                violations += u64::from(litmus.read(cpu.reader(), tried));
            }
            litmus.ready.0.store(OVER, Ordering::Release);
            println!("{violations} violations in {tried} tries");
            violations
        });
        scope.spawn(|| {
            pin(updater_cpu).unwrap();
            (1..)
                .take_while(|&this| litmus.update(&epoch, this))
                .count()
        });
        reader.join().unwrap()
    });
    Some(violations)
}

/// Whether a bug is found; taken for granted where it cannot be.
fn is_found<F: Flaw>() -> bool {
    violations::<F>(MOST_TRIES, ENOUGH).is_none_or(|violations| violations >= ENOUGH)
}

#[test]
fn the_heavy_barrier_ends_store_buffering() {
    assert_eq!(violations::<Sound>(TRIES, TRIES).unwrap_or(0), 0);
}

/// The platform's does nothing.
struct IdleBarrier;

impl Flaw for IdleBarrier {
    const HEAVY: bool = false;
}

#[test]
fn a_heavy_barrier_that_does_nothing_is_found() {
    assert!(is_found::<IdleBarrier>());
}
