// SPDX-License-Identifier: GPL-2.0

//! The engines of all epochs, their threads, and waits for grace periods.
//!
//! There is one engine for each [`Flavour`], so that epochs whose barrier takes milliseconds do not
//! delay the others. See [`domain::Engine`].

use crate::{
    domain::{
        self,
        list::List,
        Cookie,
        Members,
        Pace,
        Round, //
    },
    helpers,
    links::KernelLinks,
    platform::{
        Flavour,
        KernelPlatform,
        KernelWord, //
    },
    Epoch, //
};
use core::ptr;
use kernel::{
    prelude::*,
    sync::atomic::Atomic, //
};
use kernel_ext::{
    clock::monotonic_fast_ns,
    sched::NoPreemption, //
};

type Engine = domain::Engine<KernelPlatform>;

const fn engine() -> Engine {
    // SAFETY: The pointer is null.
    let incoming = unsafe { List::<KernelLinks>::from_null(Atomic::new(ptr::null_mut())) };
    Engine::from_words(KernelWord::zero(), incoming)
}

static ENGINES: [Engine; helpers::EPOCH_ENGINES as usize] =
    [const { engine() }; helpers::EPOCH_ENGINES as usize];

/// The engines' threads; dropping it stops them.
pub(crate) struct Threads(());

impl Threads {
    /// Starts the threads. May sleep.
    ///
    /// # Safety
    ///
    /// Neither threads nor an epoch exist.
    pub(crate) unsafe fn start() -> Result<Self> {
        // SAFETY: Nobody waits, as there is no epoch.
        unsafe { helpers::epoch_wait_init() };
        // SAFETY: Neither threads nor an epoch exist, as this function requires.
        kernel::error::to_result(unsafe { helpers::epoch_engines_start() })?;
        Ok(Self(()))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // SAFETY: `start` started the threads.
        unsafe { helpers::epoch_engines_stop() };
    }
}

/// Returns the time until the next look at open sections, after `polls` looks in vain; 0 for
/// immediately.
fn pause_ns(polls: usize, pace: Pace) -> u64 {
    const SPINS: usize = 8;
    const US: u64 = 1_000;
    let Some(sleeps) = polls.checked_sub(SPINS) else {
        return 0;
    };
    // Sections are usually short: look again soon at first, then ever more rarely.
    let longest = match pace {
        Pace::Normal => 1_000 * US,
        // For some 5 ms: for a longer section, a later look makes little difference.
        Pace::Expedited if sleeps < 300 => 16 * US,
        Pace::Expedited if sleeps < 1_000 => 128 * US,
        Pace::Expedited => 1_000 * US,
    };
    (US << sleeps.min(10)).min(longest)
}

/// Returns the batching delay after a round that took `round_ns`: the woken tasks get to wait again
/// and share the next grace period.
fn batching_delay_ns(round_ns: u64) -> u64 {
    (round_ns / 4).clamp(2_000, 500_000)
}

/// Runs the loop of an engine's thread.
#[no_mangle]
extern "C" fn __epoch_engine_run(index: c_uint) {
    let Some(engine) = ENGINES.get(index as usize) else {
        return;
    };
    let mut members = Members::default();
    // SAFETY: This is the thread of that engine.
    while !unsafe { helpers::epoch_engine_should_stop() } {
        let begun = monotonic_fast_ns();
        let round = engine.round(&mut members);
        // SAFETY: This is the thread of that engine.
        unsafe { helpers::epoch_engine_round_done(index) };
        let pause_ns = match round {
            Round::Progress { is_crowded } => {
                if is_crowded {
                    // SAFETY: This is the thread of that engine.
                    unsafe {
                        helpers::epoch_engine_pause(batching_delay_ns(
                            monotonic_fast_ns().saturating_sub(begun),
                        ))
                    };
                }
                None
            }
            Round::Wait { polls, pace } => Some(pause_ns(polls, pace)).filter(|ns| *ns != 0),
            // Until the thread is woken.
            Round::Idle => Some(0),
        };
        match pause_ns {
            // SAFETY: This is the thread of that engine.
            Some(ns) if engine.rest() => unsafe { helpers::epoch_engine_sleep(index, ns) },
            // SAFETY: The thread is in process context.
            _ => unsafe { helpers::epoch_invocation_yield() },
        }
    }
}

/// The mode of a task's wait, and when it ends early.
pub(crate) enum WaitMode {
    /// Waits until the grace period has passed.
    Uninterruptible,
    /// Waits until then, in `TASK_IDLE`.
    Idle,
    /// Waits until then, or until the task is killed.
    Killable,
    /// Waits until then, or until the task has a signal.
    Interruptible,
    /// Waits until then, or until that many nanoseconds have passed; at least 1.
    Ns(u64),
}

/// The condition that a task waits for: a grace period has passed.
struct Passed<'a> {
    epoch: &'a Epoch,
    cookie: Cookie,
}

impl Passed<'_> {
    /// # Safety
    ///
    /// `arg` points to a [`Passed`].
    unsafe extern "C" fn check(arg: *const c_void) -> bool {
        // SAFETY: `arg` points to a live `Passed`, as this function requires.
        let this = unsafe { &*arg.cast::<Self>() };
        this.epoch.domain.poll(this.cookie)
    }
}

impl Flavour {
    fn engine(self) -> &'static Engine {
        &ENGINES[self as usize]
    }

    /// Calls `kick` with the engine, and wakes the engine's thread if it returns `true`. Any
    /// context but NMI, without locks of the scheduler held.
    pub(crate) fn wake_if(self, kick: impl FnOnce(&'static Engine) -> bool) {
        // Later callers rely on the first one to wake the thread: it must not be preempted before.
        let _on_this_cpu = NoPreemption::new();
        if kick(self.engine()) {
            // SAFETY: The threads exist as long as epochs do.
            unsafe { helpers::epoch_engine_wake(self as c_uint) };
        }
    }
}

impl Epoch {
    pub(crate) fn flavour(&self) -> Flavour {
        self.domain.platform().flavour
    }

    /// Kicks the engine, and wakes its thread from an interrupt if necessary. Any context.
    pub(crate) fn kick_later(&self) {
        let flavour = self.flavour();
        // Later callers rely on the first one, as in `wake_if`.
        let _on_this_cpu = NoPreemption::new();
        // SAFETY: The domain belongs to this engine, and an epoch is not freed before it has left.
        if unsafe { flavour.engine().kick(&self.domain) } {
            // SAFETY: The threads exist as long as epochs do.
            unsafe { helpers::epoch_engine_wake_later(flavour as c_uint) };
        }
    }

    /// Waits for a grace period. Returns whether it has passed: always `true` for an
    /// uninterruptible wait without a limit.
    pub(crate) fn wait_for_grace_period(&self, pace: Pace, wait_mode: WaitMode) -> bool {
        self.lockdep.wait();
        let cookie = self.domain.snapshot();
        // RCU's barrier sleeps.
        if self.flavour() != Flavour::Rcu {
            let _on_this_cpu = NoPreemption::new();
            if self.flavour().engine().alone(&self.domain, cookie, pace) {
                return true;
            }
        }
        self.domain.begin_wait(cookie, pace);
        self.flavour()
            // SAFETY: The domain belongs to this engine, and an epoch is not freed before it has
            // left.
            .wake_if(|engine| unsafe { engine.kick(&self.domain) });
        let (mode, limit_ns) = match wait_mode {
            WaitMode::Uninterruptible => (helpers::EPOCH_UNINTERRUPTIBLE, 0),
            WaitMode::Idle => (helpers::EPOCH_IDLE, 0),
            WaitMode::Killable => (helpers::EPOCH_KILLABLE, 0),
            WaitMode::Interruptible => (helpers::EPOCH_INTERRUPTIBLE, 0),
            WaitMode::Ns(limit) => (helpers::EPOCH_UNINTERRUPTIBLE, limit),
        };
        let passed = Passed {
            epoch: self,
            cookie,
        };
        // SAFETY: `check` gets what it requires; `passed` lives until this returns.
        let result = unsafe {
            helpers::epoch_wait_until(
                ptr::from_ref(&self.domain).cast(),
                Some(Passed::check),
                ptr::from_ref(&passed).cast(),
                mode,
                limit_ns,
            )
        };
        self.domain.end_wait(pace);
        result == 0
    }
}
