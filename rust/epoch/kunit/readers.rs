// SPDX-License-Identifier: GPL-2.0

//! Many readers against updaters: what the former use is not touched by the latter.

use super::new;
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use kernel_ext::{
    sched,
    testing::shared,
    threads::spawn, //
};

/// An object that readers use until it is poisoned.
struct Victim {
    poisoned: Atomic<u32>,
}

#[kunit_tests(epoch_readers)]
mod tests {
    use super::*;

    #[test]
    fn readers_never_see_poison() -> Result {
        const READERS: usize = 3;
        const VICTIMS: usize = 4;
        const UPDATES: usize = 2000;
        // On a machine that is busy, fewer have to do.
        const LIMIT: Delta = Delta::from_secs(2);

        let epoch = new()?;
        let victims: Arc<[Victim; VICTIMS]> = Arc::new(
            core::array::from_fn(|_| Victim {
                poisoned: Atomic::new(1),
            }),
            GFP_KERNEL,
        )?;
        // The victim that readers find.
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
                        if count % 64 == 0 {
                            // Preempted, and perhaps migrated, inside.
                            sched::cond_resched();
                        }
                        seen |= victim.poisoned.load(Relaxed);
                        drop(section);
                        // Nothing that is shared, and would order what comes before it.
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
        while updates < UPDATES && start.elapsed() < LIMIT {
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
}
