// SPDX-License-Identifier: GPL-2.0

//! The algorithm under load, on real CPUs: nobody poisons an object that a section still uses. The
//! mutant `one_advance` of `epoch-loom` shows that this test detects it if one advance is too
//! few.

use std::hint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use epoch_peers::epoch::{Epoch, Flaw, Sound};
use host::topology::allowed_cpus;

const ALIVE: u64 = 1;
const POISONED: u64 = 0xdead;
const LOAD: Duration = Duration::from_millis(500);

/// Number of objects, so large that one stays poisoned for a while before it is reused.
const OBJECTS: usize = 64;

/// Objects, one of which is current.
struct World {
    current: AtomicUsize,
    objects: [AtomicU64; OBJECTS],
    stop: AtomicBool,
    sections: AtomicU64,
    violations: AtomicU64,
}

impl World {
    fn new() -> Self {
        Self {
            current: AtomicUsize::new(0),
            objects: std::array::from_fn(|_| AtomicU64::new(ALIVE)),
            stop: AtomicBool::new(false),
            sections: AtomicU64::new(0),
            violations: AtomicU64::new(0),
        }
    }

    /// Uses the current object before and after each pause of a section. Sections have up to
    /// `pauses` pauses.
    fn read<F: Flaw>(&self, epoch: &Epoch<F>, pauses: u64, pause: impl Fn()) {
        let cpu = epoch.cpu().unwrap();
        let reader = cpu.reader();
        let (mut sections, mut violations) = (0, 0);
        while !self.stop.load(Ordering::Relaxed) {
            let section = reader.enter();
            let object = &self.objects[self.current.load(Ordering::Acquire)];
            let alive = || object.load(Ordering::Relaxed) == ALIVE;
            let unharmed = alive()
                && (0..sections % (pauses + 1)).all(|_| {
                    pause();
                    alive()
                });
            reader.exit(section);
            violations += u64::from(!unharmed);
            sections += 1;
        }
        self.sections.fetch_add(sections, Ordering::Relaxed);
        self.violations.fetch_add(violations, Ordering::Relaxed);
    }

    /// Makes the next object current, and poisons this one after a grace period.
    fn update<F: Flaw>(&self, epoch: &Epoch<F>) {
        let old = self.current.load(Ordering::Relaxed);
        let new = (old + 1) % OBJECTS;
        self.objects[new].store(ALIVE, Ordering::Relaxed);
        self.current.store(new, Ordering::Release);
        epoch.synchronize();
        self.objects[old].store(POISONED, Ordering::Relaxed);
    }
}

/// Runs one updater, readers that keep the other CPUs busy, and two readers that sleep inside
/// their sections. Returns violations, sections and grace periods.
fn load<F: Flaw>() -> (u64, u64, usize) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();

    let busy = (allowed_cpus().unwrap().len() - 1).max(1);
    let sleepy = 2;
    let epoch = Epoch::<F>::new(busy + sleepy).unwrap();
    let world = World::new();
    let end = Instant::now() + LOAD;
    thread::scope(|scope| {
        for _ in 0..busy {
            scope.spawn(|| world.read(&epoch, 500, hint::spin_loop));
        }
        for _ in 0..sleepy {
            scope.spawn(|| world.read(&epoch, 4, || thread::sleep(Duration::from_micros(50))));
        }
        while Instant::now() < end {
            world.update(&epoch);
            // Lets sections begin between grace periods as well.
            thread::sleep(Duration::from_micros(50));
        }
        world.stop.store(true, Ordering::Relaxed);
    });
    let (violations, sections) = (world.violations.into_inner(), world.sections.into_inner());
    let grace_periods = epoch.grace_periods();
    println!("{violations} violations, {sections} sections, {grace_periods} grace periods");
    (violations, sections, grace_periods)
}

#[test]
fn nobody_poisons_what_a_section_uses() {
    let (violations, sections, grace_periods) = load::<Sound>();
    assert!(sections > 0 && grace_periods > 0);
    assert_eq!(violations, 0);
}
