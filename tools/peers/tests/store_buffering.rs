// SPDX-License-Identifier: GPL-2.0

//! Purpose of the heavy barrier. A CPU may delay its store to the counter while it continues with
//! the loads of the section: an updater that reads the counters at this time sees no reader, and
//! the reader does not see the update. The heavy barrier prevents that; without it, this test
//! observes it.

use std::array;
use std::hint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread;

use epoch_peers::epoch::{Epoch, Flaw, Reader, Sound};
use epoch_peers::system::pin;
use host::topology::allowed_cpus;

/// Number of stores that the one to the counter must wait for.
const SLOW_STORES: usize = 48;
/// Violations after which a search for a bug ends. Without a heavy barrier, one try in some ten or
/// forty goes wrong on a quiet machine, and one in a million where other programs take the CPUs.
const ENOUGH: u64 = 1;
/// Tries after which a search for a bug ends unsuccessfully.
const MOST_TRIES: u64 = 30_000_000;
/// Tries in which no violation may occur.
const TRIES: u64 = 20_000;
/// Bound of the updater's delay in iterations of a loop: the delay at which the two meet depends
/// on the machine.
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

    /// Waits until the value is `least` or more, and returns it.
    fn wait_for(&self, least: u64) -> u64 {
        loop {
            let value = self.0.load(Ordering::Acquire);
            if value >= least {
                return value;
            }
            hint::spin_loop();
        }
    }

    /// Removes the line from all caches, so that the next store to it is slow.
    fn flush(&self) {
        // SAFETY: The address is valid; every x86-64 CPU has the instruction.
        unsafe { std::arch::x86_64::_mm_clflush((&raw const self.0).cast()) };
    }
}

/// Lines of one try, in which an object is unlinked and poisoned. Each holds the number of the
/// last try that wrote to it.
struct Litmus {
    /// The reader's last ready try, or `OVER`.
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

    /// Runs one section. Returns whether the object was poisoned in it although it was found
    /// linked.
    fn read<F: Flaw>(&self, reader: Reader<'_, F>, this: u64) -> bool {
        const LOOKS: usize = 100;
        self.slow.iter().for_each(Line::flush);
        fence(Ordering::SeqCst);
        // Fetches the line, so that the load in the section is fast.
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

    /// Runs one update. Returns whether the reader continues.
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

/// Returns the number of violations in `tries` tries, or in fewer if there are `enough`. Returns
/// `None` unless there are two CPUs.
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

/// Returns whether a bug is found, or true if there are no two CPUs to find it on.
fn is_found<F: Flaw>() -> bool {
    violations::<F>(MOST_TRIES, ENOUGH).is_none_or(|violations| violations >= ENOUGH)
}

#[test]
fn the_heavy_barrier_ends_store_buffering() {
    assert_eq!(violations::<Sound>(TRIES, TRIES).unwrap_or(0), 0);
}

/// An epoch whose heavy barrier does nothing.
struct IdleBarrier;

impl Flaw for IdleBarrier {
    const HEAVY: bool = false;
}

#[test]
fn a_heavy_barrier_that_does_nothing_is_found() {
    assert!(is_found::<IdleBarrier>());
}
