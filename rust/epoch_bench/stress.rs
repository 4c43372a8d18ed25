// SPDX-License-Identifier: GPL-2.0

//! The loop of a worker.

use crate::{
    bench::Admission,
    progress::Progress,
    selection::Use,
    trackers::{
        Kind,
        Tracker,
        Visitor, //
    },
    verify::{
        Verifier,
        Watched, //
    }, //
};
use core::num::NonZero;
use kernel::{
    bindings,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernel_ext::{
    clock,
    compat::ecanceled,
    mm::Mapping,
    sched, //
};

/// The work of an iteration.
#[derive(Clone, Copy)]
pub(crate) enum Testcase {
    /// Maps `bytes` bytes, touches and notes `pages` pages, and unmaps.
    Mmap { bytes: usize, pages: u32 },
    /// Opens and closes a block.
    Di,
    /// Waits for a page, at most once in `period_ns`.
    Wait { period_ns: u64 },
    /// Opens a block, notes a page, lingers, closes it.
    Torture,
}

/// A worker's orders; its progress is written to `progress`.
pub(crate) struct Orders<'a> {
    pub(crate) testcase: Testcase,
    /// Pages have keys below this one.
    pub(crate) keys: NonZero<u32>,
    pub(crate) max_iterations: Option<u64>,
    pub(crate) max_duration_ns: Option<u64>,
    pub(crate) progress: &'a Progress,
}

/// Result of a run.
pub(crate) struct Outcome {
    pub(crate) iterations: u64,
    pub(crate) elapsed_ns: u64,
    /// Error that ended the run early, if one did.
    pub(crate) result: Result,
}

/// Carries out the orders.
pub(crate) fn run(orders: &Orders<'_>, admission: &Admission<'_>) -> Outcome {
    let mut stress = Stress {
        orders,
        admission,
        start: clock::monotonic_ns(),
        iterations: 0,
        kind: Kind::None,
        verified: false,
    };
    let result = match orders.testcase {
        Testcase::Wait { period_ns } => stress.wait(period_ns),
        _ => loop {
            let tracker = admission.use_tracker(&orders.progress.wish);
            stress.kind = tracker.kind();
            orders.progress.use_tracker(stress.kind);
            match tracker.visit(Turn {
                stress: &mut stress,
                tracker: &tracker,
            }) {
                Ok(End::Moved) => {}
                Ok(End::Done) => break Ok(()),
                Err(error) => break Err(error),
            }
        },
    };
    Outcome {
        iterations: stress.iterations,
        elapsed_ns: stress.elapsed_ns(),
        result,
    }
}

/// State of a worker during a run.
struct Stress<'a> {
    orders: &'a Orders<'a>,
    admission: &'a Admission<'a>,
    start: u64,
    iterations: u64,
    /// The tracker that the worker uses.
    kind: Kind,
    /// Set once the verifier was told of a block.
    verified: bool,
}

/// Reason why a worker's turn with a tracker is over.
enum End {
    /// Another tracker is in use.
    Moved,
    /// The orders are carried out, or the worker was stopped.
    Done,
}

/// A worker's iterations with one tracker.
struct Turn<'a, 'b> {
    stress: &'a mut Stress<'b>,
    tracker: &'a Use<'a>,
}

impl Visitor for Turn<'_, '_> {
    type Output = Result<End>;

    // One function for each tracker: a common one would keep what the loops need on the stack.
    #[inline(never)]
    fn visit<T: Tracker>(self, tracker: &T) -> Result<End> {
        let Self {
            stress,
            tracker: current,
        } = self;
        let is_over = || current.is_over();
        let place = stress.admission.place();
        // Iterations between two checks of the clock and of signals: few enough for a stop within
        // microseconds, and enough to make the cost of the checks negligible.
        match stress.orders.testcase {
            Testcase::Mmap { bytes, pages: 0 } => stress.repeat(1, is_over, |_| {
                let mapping = Mapping::anonymous(bytes)?;
                // SAFETY: The place is this worker's, which has one block at a time.
                let block = unsafe { tracker.start(place) };
                let result = mapping.unmap();
                // SAFETY: `block` was opened in this tracker.
                unsafe { tracker.finish(block) };
                result
            }),
            Testcase::Mmap { bytes, pages } => stress.repeat(1, is_over, |stress| {
                let mapping = Mapping::anonymous(bytes)?;
                if let Err(error) = mapping.touch(pages) {
                    mapping.unmap()?;
                    return Err(error);
                }
                // SAFETY: The place is this worker's, which has one block at a time.
                let block = unsafe { tracker.start(place) };
                let first = stress.next_key(pages);
                stress.note(tracker, &block, first, pages);
                let result = mapping.unmap();
                // SAFETY: `block` was opened in this tracker.
                unsafe { stress.finish(tracker, block) };
                result
            }),
            Testcase::Di => stress.repeat(64, is_over, |_| {
                // SAFETY: The place is this worker's, which has one block at a time, and the block
                // is of this tracker.
                unsafe { tracker.finish(tracker.start(place)) };
                Ok(())
            }),
            Testcase::Torture => stress.repeat(1, is_over, |stress| {
                // SAFETY: The place is this worker's, which has one block at a time.
                let block = unsafe { tracker.start(place) };
                let first = random_below(stress.orders.keys.get());
                stress.note(tracker, &block, first, 1);
                linger(stress.iterations);
                // SAFETY: `block` was opened in this tracker.
                unsafe { stress.finish(tracker, block) };
                Ok(())
            }),
            // It uses no tracker of its own.
            Testcase::Wait { .. } => Ok(End::Done),
        }
    }
}

/// Stays in a block: usually hardly at all, sometimes while other tasks run, or asleep.
fn linger(iteration: u64) {
    match iteration % 32 {
        0 => fsleep(Delta::from_micros(50)),
        8 | 16 => sched::cond_resched(),
        24 => (0..200).for_each(|_| sched::cpu_relax()),
        _ => {}
    }
}

fn random_below(limit: u32) -> u32 {
    // SAFETY: No requirements.
    let random = unsafe { bindings::get_random_u32() };
    ((u64::from(random) * u64::from(limit)) >> 32) as u32
}

impl Stress<'_> {
    fn elapsed_ns(&self) -> u64 {
        clock::monotonic_ns().saturating_sub(self.start)
    }

    fn verifier(&self) -> &Verifier {
        self.admission.verifier()
    }

    /// Returns the first of `count` keys, which come after those of the last iteration.
    fn next_key(&self, count: u32) -> u32 {
        (self.iterations.wrapping_mul(count.into()) % NonZero::<u64>::from(self.orders.keys)) as u32
    }

    /// Notes `count` keys from `first` on, wrapping around after the last one; fewer when the task
    /// is being killed.
    fn note<T: Tracker>(&mut self, tracker: &T, block: &T::Block<'_>, first: u32, count: u32) {
        let keys = self.orders.keys.get();
        let mut key = first;
        let mut left = count;
        while left > 0 && !(left % 4096 == 0 && sched::fatal_signal_pending()) {
            left -= 1;
            tracker.page(block, key as usize);
            key += 1;
            if key == keys {
                key = 0;
            }
        }
        if T::WAITS && self.verifier().is_on() {
            self.verified = true;
            // Keys after the wraparound are left out.
            let (place, count) = (self.admission.place(), (count - left).min(keys - first));
            self.verifier().noted(self.kind, place, first, count);
        }
    }

    /// # Safety
    ///
    /// `block` was opened in `tracker`.
    unsafe fn finish<T: Tracker>(&self, tracker: &T, block: T::Block<'_>) {
        // Also if the verifier has been turned off since.
        if self.verified {
            self.verifier().closing(self.admission.place());
        }
        // SAFETY: `block` was opened in `tracker`, as this function requires.
        unsafe { tracker.finish(block) };
    }

    fn wait(&mut self, period_ns: u64) -> Result {
        // Time to sleep at a time: a signal or a stop is not noticed sooner.
        const NAP_NS: u64 = 10_000_000;

        let mut watched = Watched::new();
        let mut due = clock::monotonic_ns();
        let result = self.repeat(
            1,
            || false,
            |stress| {
                loop {
                    let now = clock::monotonic_ns();
                    if now >= due {
                        // A waiter that is late does not make up for it.
                        due = due.max(now.saturating_sub(period_ns)) + period_ns;
                        break;
                    }
                    if current!().signal_pending() {
                        return Err(EINTR);
                    }
                    if stress.orders.progress.is_stopped() {
                        return Err(ecanceled());
                    }
                    fsleep(Delta::from_nanos((due - now).min(NAP_NS) as i64));
                }
                let key = random_below(stress.orders.keys.get());
                let wish = &stress.orders.progress.wish;
                stress.admission.wait(wish, key as usize, &mut watched)
            },
        );
        match result {
            // It was stopped before its next wait.
            Err(error) if error == ecanceled() => Ok(()),
            result => result.map(drop),
        }
    }

    #[inline(always)]
    fn repeat(
        &mut self,
        batch: u64,
        is_over: impl Fn() -> bool,
        mut iteration: impl FnMut(&mut Self) -> Result,
    ) -> Result<End> {
        let max_iterations = self.orders.max_iterations.unwrap_or(u64::MAX);
        let max_duration_ns = self.orders.max_duration_ns.unwrap_or(u64::MAX);

        while self.iterations < max_iterations
            && self.elapsed_ns() < max_duration_ns
            && !self.orders.progress.is_stopped()
        {
            if is_over() {
                return Ok(End::Moved);
            }
            if current!().signal_pending() {
                return Err(EINTR);
            }
            for _ in 0..batch.min(max_iterations - self.iterations) {
                iteration(self)?;
                self.iterations += 1;
                self.orders.progress.set_iterations(self.iterations);
            }
            sched::cond_resched();
        }
        Ok(End::Done)
    }
}
