// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of many readers and updaters: updaters do not touch objects that readers use.

use super::new;
use crate::{
    Epoch,
    Head, //
};
use core::ptr::NonNull;
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::{
    sched,
    testing::{
        shared,
        wait_until, //
    },
    threads::spawn, //
};

/// An object that readers use until it is poisoned.
struct Victim {
    poisoned: Atomic<u32>,
}

/// The run time of readers and updaters. On a busy machine they do less in it.
const LIMIT: Delta = Delta::from_secs(1);

/// Sleeps inside some of the sections, so that other tasks run, and this one may migrate.
fn linger(section: u32) {
    if section % 16 == 0 {
        fsleep(Delta::from_micros(50));
    }
}

/// An element of a [`Stack`].
#[repr(C)]
struct Element {
    // First, so that its address is that of the whole.
    head: Head,
    live: Atomic<u32>,
    next: Atomic<u32>,
}

impl Element {
    /// # Safety
    ///
    /// `head` is that of an element.
    unsafe extern "C" fn free(head: *mut Head) {
        // SAFETY: `head` is the first field of an element, as this function requires.
        let element = unsafe { &*head.cast::<Self>() };
        element.live.store(0, Relaxed);
    }
}

/// A stack whose elements are pushed again a grace period after they were popped.
struct Stack {
    /// The number of the first element, from 1; 0 if there is none. The same goes for `next`.
    first: Atomic<u32>,
    elements: [Element; Self::ELEMENTS],
}

impl Stack {
    const ELEMENTS: usize = 16;

    fn new() -> Result<Arc<Self>> {
        let stack = Self {
            first: Atomic::new(0),
            elements: core::array::from_fn(|_| Element {
                head: Head::new(),
                live: Atomic::new(0),
                next: Atomic::new(0),
            }),
        };
        Ok(Arc::new(stack, GFP_KERNEL)?)
    }

    fn element(&self, number: u32) -> &Element {
        &self.elements[number as usize - 1]
    }

    fn push(&self, number: u32) {
        self.element(number).live.store(1, Relaxed);
        let mut first = self.first.load(Relaxed);
        loop {
            self.element(number).next.store(first, Relaxed);
            match self.first.cmpxchg(first, number, Full) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Pops the first element. Inside a section: a popped element is pushed again only after it.
    fn pop(&self) -> Option<u32> {
        let mut first = self.first.load(Acquire);
        while first != 0 {
            let next = self.element(first).next.load(Relaxed);
            match self.first.cmpxchg(first, next, Full) {
                Ok(_) => return Some(first),
                Err(now) => first = now,
            }
        }
        None
    }

    /// Walks the stack, inside a section. Returns whether all elements are live, and the first,
    /// which is the next to be popped, still is after `pause`.
    fn walk(&self, pause: impl FnOnce()) -> bool {
        let first = self.first.load(Acquire);
        let (mut number, mut steps, mut sound) = (first, 0, true);
        while number != 0 && steps <= Self::ELEMENTS {
            sound &= self.is_live(number);
            number = self.element(number).next.load(Acquire);
            steps += 1;
        }
        pause();
        sound && steps <= Self::ELEMENTS && (first == 0 || self.is_live(first))
    }

    fn is_live(&self, number: u32) -> bool {
        self.element(number).live.load(Relaxed) == 1
    }

    /// Pops an element, and frees it in the given way, of three.
    fn take_and_free(&self, epoch: &Epoch, way: usize) -> Option<u32> {
        let section = epoch.enter();
        let number = self.pop();
        drop(section);
        let head = NonNull::from(self.element(number?)).cast();
        match way % 3 {
            0 => epoch.synchronize(),
            1 => {
                // SAFETY: Only this function uses the head until the callback, and the elements
                // stay until after the barrier.
                unsafe { epoch.call(head, Element::free) };
                epoch.barrier();
                return number;
            }
            _ => {
                let cookie = epoch.start_poll();
                wait_until(|| epoch.poll(cookie));
            }
        }
        // SAFETY: `head` is that of an element.
        unsafe { Element::free(head.as_ptr()) };
        number
    }
}

#[kunit_tests(epoch_readers)]
mod tests {
    use super::*;

    #[test]
    fn readers_never_see_poison() -> Result {
        const READERS: usize = 3;
        const VICTIMS: usize = 4;

        let epoch = new()?;
        let victims: Arc<[Victim; VICTIMS]> = Arc::new(
            core::array::from_fn(|_| Victim {
                poisoned: Atomic::new(1),
            }),
            GFP_KERNEL,
        )?;
        // The index of the victim that readers find.
        let current = shared()?;
        victims[0].poisoned.store(0, Relaxed);
        let (stop, violations, sections) = (shared()?, shared()?, shared()?);

        let mut threads = KVec::new();
        for _ in 0..READERS {
            let (epoch, victims, current) = (epoch.clone(), victims.clone(), current.clone());
            let (stop, violations, sections) = (stop.clone(), violations.clone(), sections.clone());
            threads.push(
                spawn(move || {
                    let (mut count, mut violated) = (0u32, 0u32);
                    while stop.load(Relaxed) == 0 {
                        let section = epoch.enter();
                        let victim = &victims[current.load(Relaxed) as usize];
                        let mut seen = 0;
                        for _ in 0..20 {
                            seen |= victim.poisoned.load(Relaxed);
                        }
                        linger(count);
                        seen |= victim.poisoned.load(Relaxed);
                        drop(section);
                        // Not a shared counter, which would order the accesses before it.
                        violated += seen;
                        count += 1;
                        sched::cond_resched();
                    }
                    violations.fetch_add(violated, Relaxed);
                    sections.fetch_add(count, Relaxed);
                })?,
                GFP_KERNEL,
            )?;
        }
        let start = Instant::<Monotonic>::now();
        let mut updates = 0;
        while start.elapsed() < LIMIT {
            updates += 1;
            let old = current.load(Relaxed) as usize;
            let new = updates % VICTIMS;
            victims[new].poisoned.store(0, Relaxed);
            current.xchg(new as u32, Full);
            epoch.synchronize();
            victims[old].poisoned.store(1, Relaxed);
        }
        stop.store(1, Relaxed);
        for thread in threads {
            thread.join();
        }
        pr_info!("{} sections, {} updates\n", sections.load(Relaxed), updates);
        assert!(sections.load(Relaxed) > 0);
        assert_eq!(violations.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn walkers_never_see_what_was_freed() -> Result {
        const READERS: usize = 2;
        const UPDATERS: usize = 2;

        let (epoch, stack) = (new()?, Stack::new()?);
        for number in 1..=Stack::ELEMENTS {
            stack.push(number as u32);
        }
        let (stop, walks, unsound, updates) = (shared()?, shared()?, shared()?, shared()?);
        let mut threads = KVec::new();
        for _ in 0..READERS {
            let (epoch, stack, stop) = (epoch.clone(), stack.clone(), stop.clone());
            let (walks, unsound) = (walks.clone(), unsound.clone());
            let read = move || {
                while stop.load(Relaxed) == 0 {
                    let section = epoch.enter();
                    let sound = stack.walk(|| linger(walks.load(Relaxed)));
                    drop(section);
                    walks.fetch_add(1, Relaxed);
                    unsound.fetch_add((!sound).into(), Relaxed);
                    sched::cond_resched();
                }
            };
            threads.push(spawn(read)?, GFP_KERNEL)?;
        }
        for updater in 0..UPDATERS {
            let (epoch, stack, stop) = (epoch.clone(), stack.clone(), stop.clone());
            let updates = updates.clone();
            let update = move || {
                let (mut spare, mut way) = (None, updater);
                while stop.load(Relaxed) == 0 {
                    // A freed element stays free for a while.
                    let freed = stack.take_and_free(&epoch, way);
                    if let Some(spare) = core::mem::replace(&mut spare, freed) {
                        stack.push(spare);
                    }
                    way += 1;
                    updates.fetch_add(1, Relaxed);
                }
                if let Some(spare) = spare {
                    stack.push(spare);
                }
            };
            threads.push(spawn(update)?, GFP_KERNEL)?;
        }
        fsleep(LIMIT);
        stop.store(1, Relaxed);
        // Waits for the threads.
        drop(threads);
        let section = epoch.enter();
        let left = core::iter::from_fn(|| stack.pop()).count();
        drop(section);
        let (walks, updates) = (walks.load(Relaxed), updates.load(Relaxed));
        pr_info!("{walks} walks, {updates} updates\n");
        assert!(walks > 0 && updates > 0);
        assert_eq!(unsound.load(Relaxed), 0);
        assert_eq!(left, Stack::ELEMENTS);
        assert_eq!(epoch.pending(), 0);
        Ok(())
    }

    #[test]
    fn write_after_a_grace_period_never_overtakes_the_one_before() -> Result {
        const READERS: usize = 3;
        // Advances during a section: see Documentation/memory-ordering.rst.
        const MOST_ADVANCES: u32 = 3;

        let epoch = new()?;
        let (stop, sections, overtaken) = (shared()?, shared()?, shared()?);
        let (before, after, most) = (shared()?, shared()?, shared()?);
        let mut threads = KVec::new();
        for _ in 0..READERS {
            let (epoch, stop) = (epoch.clone(), stop.clone());
            let (sections, overtaken) = (sections.clone(), overtaken.clone());
            let (before, after, most) = (before.clone(), after.clone(), most.clone());
            let read = move || {
                let (mut count, mut seen, mut advances) = (0u32, 0, 0);
                while stop.load(Relaxed) == 0 {
                    let section = epoch.enter();
                    let entered = epoch.epoch();
                    let first = before.load(Relaxed);
                    linger(count);
                    let second = after.load(Relaxed);
                    advances = advances.max(epoch.epoch().wrapping_sub(entered));
                    drop(section);
                    seen += u32::from(second > first);
                    count += 1;
                    sched::cond_resched();
                }
                sections.fetch_add(count, Relaxed);
                overtaken.fetch_add(seen, Relaxed);
                while most.load(Relaxed) < advances as u32 {
                    most.store(advances as u32, Relaxed);
                }
            };
            threads.push(spawn(read)?, GFP_KERNEL)?;
        }
        let start = Instant::<Monotonic>::now();
        let mut updates = 0;
        while start.elapsed() < LIMIT {
            updates += 1;
            before.store(updates, Relaxed);
            epoch.synchronize();
            after.store(updates, Relaxed);
        }
        let each_ns = start.elapsed().as_nanos() / i64::from(updates);
        stop.store(1, Relaxed);
        // Waits for the threads.
        drop(threads);
        let (sections, most) = (sections.load(Relaxed), most.load(Relaxed));
        pr_info!("{sections} sections, {updates} grace periods of {each_ns} ns, {most} advances\n");
        assert!(sections > 0);
        assert_eq!(overtaken.load(Relaxed), 0);
        assert!(most <= MOST_ADVANCES);
        Ok(())
    }
}
