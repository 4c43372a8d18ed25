// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of callbacks that are queued faster than grace periods pass.

use super::{
    call,
    value, //
};
use crate::Epoch;
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::threads::{
    spawn,
    Thread, //
};

const LIMIT: usize = 200;

/// Creates an epoch with a limit of [`LIMIT`] callbacks.
fn new() -> Result<ARef<Epoch>> {
    let epoch = Epoch::new(c"kunit_flood")?;
    epoch.sysfs().write(c"callbacks_limit", b"200\n")?;
    Ok(epoch)
}

/// Starts a thread that is in sections all the time.
fn reader(epoch: &ARef<Epoch>, stop: &Arc<Atomic<bool>>) -> Result<Thread> {
    let (epoch, stop) = (epoch.clone(), stop.clone());
    spawn(move || {
        while !stop.load(Relaxed) {
            let _section = epoch.enter();
            fsleep(Delta::from_micros(100));
        }
    })
}

/// The data that flooding threads share.
struct Flood {
    epoch: ARef<Epoch>,
    /// Callbacks queued, and the highest number that were pending.
    given: Atomic<usize>,
    most: Atomic<usize>,
}

/// Starts a thread that queues `count` callbacks, as fast as `throttle` lets it.
fn flood(flood: &Arc<Flood>, count: usize) -> Result<Thread> {
    let flood = flood.clone();
    spawn(move || {
        for _ in 0..count {
            flood.epoch.throttle();
            if call(&flood.epoch, 1).is_err() {
                break;
            }
            flood.given.fetch_add(1, Relaxed);
            // `pending` may count callbacks that have come and gone while the thread had no CPU.
            let pending = flood.epoch.count_pending_at_least();
            // A lost race changes the maximum by a few at most.
            if pending > flood.most.load(Relaxed) {
                flood.most.store(pending, Relaxed);
            }
        }
    })
}

#[kunit_tests(epoch_flood)]
mod tests {
    use super::*;

    #[test]
    fn flood_expedites_grace_periods() -> Result {
        let epoch = new()?;
        for (count, expedited) in [(LIMIT / 2, 0), (LIMIT / 2 + 1, 1)] {
            let section = epoch.enter();
            call(&epoch, count)?;
            drop(section);
            epoch.barrier();
            assert_eq!(value(&epoch, c"expedited")?.min(1), expedited);
        }
        Ok(())
    }

    #[test]
    fn throttled_flood_is_bounded() -> Result {
        const FLOODS: usize = 3;
        const CALLBACKS: usize = 5 * LIMIT;

        let epoch = new()?;
        let stop = Arc::new(Atomic::new(false), GFP_KERNEL)?;
        let mut readers = KVec::new();
        for _ in 0..2 {
            readers.push(reader(&epoch, &stop)?, GFP_KERNEL)?;
        }
        let shared = Arc::new(
            Flood {
                epoch: epoch.clone(),
                given: Atomic::new(0),
                most: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        // While this is open, no callback is invoked.
        let section = epoch.enter();
        let mut floods = KVec::new();
        for _ in 0..FLOODS {
            floods.push(flood(&shared, CALLBACKS)?, GFP_KERNEL)?;
        }
        while shared.given.load(Relaxed) < LIMIT {
            fsleep(Delta::from_millis(1));
        }
        fsleep(Delta::from_millis(20));
        let given = shared.given.load(Relaxed);
        drop(section);
        // This would wait forever if throttled threads did not resume.
        drop(floods);
        stop.store(true, Relaxed);
        drop(readers);
        epoch.barrier();

        assert!((LIMIT..=LIMIT + FLOODS).contains(&given));
        assert!(shared.most.load(Relaxed) <= LIMIT + FLOODS);
        assert!(value(&epoch, c"callbacks_peak")? <= (LIMIT + FLOODS) as u64);
        let invoked = (FLOODS * CALLBACKS) as u64;
        assert_eq!(value(&epoch, c"callbacks_invoked")?, invoked);
        assert!(value(&epoch, c"expedited")? > 0);
        Ok(())
    }

    #[test]
    fn limit_of_zero_is_none() -> Result {
        let epoch = new()?;
        epoch.sysfs().write(c"callbacks_limit", b"0\n")?;
        // Detached: lockdep would warn of `throttle` inside a section.
        let section = epoch.enter_detached();
        for _ in 0..2 * LIMIT {
            // With a limit, this would wait forever.
            epoch.throttle();
            call(&epoch, 1)?;
        }
        drop(section);
        epoch.barrier();
        assert_eq!(value(&epoch, c"expedited")?, 0);
        Ok(())
    }
}
