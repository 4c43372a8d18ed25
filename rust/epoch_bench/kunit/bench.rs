// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of a tracker that changes under load, and of the verifier.

use super::bench;
use crate::{
    bench::{
        Bench,
        MAX_WORKERS, //
    },
    selection::Wish,
    trackers::{
        Kind,
        Tracker,
        Visitor, //
    },
    verify::Watched, //
};
use kernel::{
    macros::kunit_tests,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    }, //
};
use kernel_ext::{
    compat::eusers,
    testing::{
        returns_after,
        shared,
        wait_until,
        Waiter, //
    }, //
};

const KEY: usize = 7;

/// Calls a closure in a block that has noted [`KEY`], in a worker's place.
struct InBlock<F>(u32, F);

impl<F: FnOnce()> Visitor for InBlock<F> {
    type Output = ();

    fn visit<T: Tracker>(self, tracker: &T) {
        let Self(place, f) = self;
        // SAFETY: The place is the worker's, which has no other block.
        let block = unsafe { tracker.start(place) };
        tracker.page(&block, KEY);
        f();
        // SAFETY: `block` was opened in this tracker.
        unsafe { tracker.finish(block) };
    }
}

/// A worker with an open block that has noted [`KEY`], and is recorded by the verifier.
struct Holder {
    go: Arc<Atomic<u32>>,
    thread: Waiter,
}

impl Holder {
    fn start(bench: &Arc<Bench>) -> Result<Self> {
        Self::start_with(bench, None)
    }

    /// Starts a worker with a tracker of its own, or with the knob's.
    fn start_with(bench: &Arc<Bench>, own: Option<Kind>) -> Result<Self> {
        let (go, noted) = (shared()?, shared()?);
        let thread = Waiter::start({
            let (bench, go, noted) = (bench.clone(), go.clone(), noted.clone());
            move || {
                let Ok(admission) = bench.admit() else { return };
                let place = admission.place();
                let wish = Wish::new();
                wish.set(own);
                admission.use_tracker(&wish).visit(InBlock(place, || {
                    bench
                        .verifier
                        .noted(own.unwrap_or(bench.tracker()), place, KEY as u32, 1);
                    noted.store(1, Release);
                    wait_until(|| go.load(Acquire) == 1);
                    bench.verifier.closing(place);
                }));
            }
        })?;
        wait_until(|| noted.load(Acquire) == 1 || thread.has_returned());
        Ok(Self { go, thread })
    }

    fn let_go(&self) {
        self.go.store(1, Release);
    }
}

fn wait(bench: &Bench) {
    if let Ok(admission) = bench.admit() {
        let _ = admission.wait(&Wish::new(), KEY, &mut Watched::new());
    }
}

/// Returns the available trackers that can be waited for.
fn that_wait() -> impl Iterator<Item = Kind> {
    Kind::available().filter(|kind| kind.waits())
}

#[kunit_tests(epoch_bench)]
mod tests {
    use super::*;

    #[test]
    fn change_of_tracker_waits_for_users_of_the_one_before() -> Result {
        let bench = bench(Kind::Epoch)?;
        let holder = Holder::start(&bench)?;
        let changes = bench.clone();
        assert!(returns_after(
            || holder.let_go(),
            move || {
                let _ = changes.set_tracker(Kind::Mutex);
            }
        )?);
        holder.thread.join();
        assert_eq!(bench.tracker(), Kind::Mutex);
        // Now there is nobody to wait for.
        bench.set_tracker(Kind::Spin)?;
        Ok(())
    }

    #[test]
    fn worker_with_a_tracker_of_its_own_does_not_follow_the_knob() -> Result {
        let bench = bench(Kind::Epoch)?;
        let (admission, follower) = (bench.admit()?, bench.admit()?);
        let (own, none) = (Wish::new(), Wish::new());
        own.set(Some(Kind::Spin));
        let user = admission.use_tracker(&own);
        assert_eq!(user.kind(), Kind::Spin);
        assert_eq!(follower.use_tracker(&none).kind(), Kind::Epoch);
        // No worker follows: the change does not wait for the worker, which goes on.
        bench.set_tracker(Kind::Mutex)?;
        assert!(!user.is_over());
        assert_eq!(follower.use_tracker(&none).kind(), Kind::Mutex);
        own.set(Some(Kind::Mutex));
        assert!(user.is_over());
        drop(user);
        // Using the same tracker because the knob says so is a different wish.
        let user = admission.use_tracker(&own);
        assert!(!user.is_over());
        own.set(None);
        assert!(user.is_over());
        drop(user);
        assert_eq!(admission.use_tracker(&own).kind(), Kind::Mutex);
        Ok(())
    }

    #[test]
    fn wait_waits_for_block_of_a_worker_with_its_own_tracker() -> Result {
        for kind in that_wait() {
            let bench = bench(Kind::None)?;
            let holder = Holder::start_with(&bench, Some(kind))?;
            let waits = bench.clone();
            assert!(returns_after(|| holder.let_go(), move || wait(&waits))?);
            holder.thread.join();
        }
        Ok(())
    }

    #[test]
    fn worker_notices_a_change_of_tracker() -> Result {
        let bench = bench(Kind::Epoch)?;
        let admission = bench.admit()?;
        let wish = Wish::new();
        let user = admission.use_tracker(&wish);
        assert!(!user.is_over());
        let changes = bench.clone();
        let changer = Waiter::start(move || {
            let _ = changes.set_tracker(Kind::Mutex);
        })?;
        wait_until(|| user.is_over());
        drop(user);
        changer.join();
        assert!(!admission.use_tracker(&Wish::new()).is_over());
        Ok(())
    }

    #[test]
    fn wait_waits_for_block_of_the_tracker_before() -> Result {
        for kind in that_wait() {
            let bench = bench(kind)?;
            let other = match kind {
                Kind::Epoch => Kind::Spin,
                _ => Kind::Epoch,
            };
            let holder = Holder::start(&bench)?;
            let changes = bench.clone();
            let changer = Waiter::start(move || {
                let _ = changes.set_tracker(other);
            })?;
            wait_until(|| bench.tracker() == other);
            let waits = bench.clone();
            // The broken one is right with a single block.
            assert!(returns_after(|| holder.let_go(), move || wait(&waits))?);
            changer.join();
            holder.thread.join();
        }
        Ok(())
    }

    #[test]
    fn verifier_finds_nothing_where_waits_wait() -> Result {
        for kind in that_wait() {
            let bench = bench(kind)?;
            bench.verifier.turn(true);
            let holder = Holder::start(&bench)?;
            let waits = bench.clone();
            assert!(returns_after(|| holder.let_go(), move || wait(&waits))?);
            holder.thread.join();
            assert_eq!(bench.verifier.violations(kind), 0);
        }
        Ok(())
    }

    #[test]
    fn verifier_finds_wait_that_returns_before_the_block_ends() -> Result {
        let bench = bench(Kind::Busted)?;
        bench.verifier.turn(true);
        let holder = Holder::start(&bench)?;
        let (waits, watched) = (bench.clone(), shared()?);
        let waiter = Waiter::start({
            let watched = watched.clone();
            move || {
                let mut seen = Watched::new();
                if waits.verifier.watch(&mut seen, KEY).is_err() {
                    return;
                }
                watched.store(1, Release);
                if let Ok(admission) = waits.admit() {
                    let _ = admission.wait(&Wish::new(), KEY, &mut Watched::new());
                    waits.verifier.judge(&seen);
                }
            }
        })?;
        wait_until(|| watched.load(Acquire) == 1);
        kernel_ext::testing::a_while();
        // A younger block that is quick.
        let admission = bench.admit()?;
        let place = admission.place();
        admission
            .use_tracker(&Wish::new())
            .visit(InBlock(place, || ()));
        drop(admission);
        waiter.join();
        holder.let_go();
        holder.thread.join();
        assert!(bench.verifier.violations(Kind::Busted) > 0);
        Ok(())
    }

    #[test]
    fn verifier_knows_a_block_from_the_next_one() -> Result {
        let bench = bench(Kind::Epoch)?;
        let verifier = &bench.verifier;
        let mut seen = Watched::new();
        let admission = bench.admit()?;
        let place = admission.place();
        // It names the key, and is closed; another one names it, too.
        verifier.noted(Kind::Epoch, place, 0, 10);
        verifier.watch(&mut seen, KEY)?;
        verifier.closing(place);
        verifier.noted(Kind::Epoch, place, 0, 10);
        verifier.judge(&seen);
        assert_eq!(verifier.violations(Kind::Epoch), 0);
        // It does not name the key.
        verifier.noted(Kind::Epoch, place, KEY as u32 + 1, 10);
        verifier.watch(&mut seen, KEY)?;
        verifier.judge(&seen);
        assert_eq!(verifier.violations(Kind::Epoch), 0);
        // It does, and stays.
        verifier.noted(Kind::Epoch, place, KEY as u32, 1);
        verifier.watch(&mut seen, KEY)?;
        verifier.judge(&seen);
        assert_eq!(verifier.violations(Kind::Epoch), 1);
        verifier.closing(place);
        Ok(())
    }

    #[test]
    fn there_is_a_place_for_each_worker_and_no_more() -> Result {
        let bench = bench(Kind::None)?;
        let mut all = KVVec::new();
        for _ in 0..MAX_WORKERS {
            all.push(bench.admit()?, GFP_KERNEL)?;
        }
        assert_eq!(bench.admit().err(), Some(eusers()));
        assert_eq!(bench.workers().running, MAX_WORKERS);
        drop(all);
        assert_eq!(bench.workers().running, 0);
        let place = bench.admit()?.place();
        assert!(place < MAX_WORKERS);
        Ok(())
    }
}
