// SPDX-License-Identifier: MIT OR Apache-2.0

//! [`Pool`] of processes or threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};

use epoch_results::record::{Carrier, Reading};

use super::carrier::{self, Handle};
use super::slot::{Stage, State};
use super::worker::Shared;
use super::{Load, Pool};
use crate::shared::SharedSlice;
use crate::signals::{SignalWatch, Wakeup};

/// Polling interval for conditions without a wake-up of their own.
const POLL: Duration = Duration::from_millis(1);

/// Time limit for workers to become ready, to run, to stop and to exit; for all but the last, more
/// time is added for each worker. On an overloaded machine these may take long, so that only a hang
/// reaches the limit.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_PER_TASK: Duration = Duration::from_millis(20);

/// Time that workers have to exit before they are killed.
const KILL_AFTER: Duration = Duration::from_secs(5);

/// Numbers of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crew {
    /// Workers that are measured.
    pub tasks: usize,
    /// Workers that wait for pages, concurrently with the measured ones.
    pub waiters: usize,
}

/// Workers that exist, idle until started. Drop ends them.
pub struct Workers<'a> {
    shared: Arc<Shared>,
    handles: Vec<Handle>,
    signals: &'a SignalWatch,
}

impl<'a> Workers<'a> {
    /// Starts the workers and waits until each is ready for orders.
    ///
    /// The tasks are the first of the workers, and `cpus` has the CPU of each of them. With
    /// [`Carrier::Processes`] this process must have only one thread. The workers inherit the
    /// signal mask of `signals`.
    pub fn spawn(
        load: Arc<dyn Load>,
        crew: Crew,
        carrier: Carrier,
        cpus: Option<Vec<usize>>,
        signals: &'a SignalWatch,
    ) -> Result<Self> {
        if carrier == Carrier::Processes {
            carrier::check_single_threaded()?;
        }
        let eventfd = |flags| {
            EventFd::from_value_and_flags(0, flags | EfdFlags::EFD_CLOEXEC)
                .context("no eventfd: close some files")
        };
        let workers = crew.tasks + crew.waiters;
        let shared = Arc::new(Shared {
            load,
            slots: SharedSlice::new(workers)?,
            tasks: crew.tasks,
            cpus,
            orders: eventfd(EfdFlags::EFD_SEMAPHORE)?,
            failures: eventfd(EfdFlags::EFD_NONBLOCK)?,
        });
        let mut all = Self {
            shared,
            handles: Vec::with_capacity(workers),
            signals,
        };
        for worker in 0..workers {
            let handle = carrier::spawn(carrier, &all.shared, worker).with_context(|| {
                format!(
                    "{}, one of {workers} workers, cannot be started",
                    all.name(worker)
                )
            })?;
            all.handles.push(handle);
        }
        all.wait_for_all("become ready", |workers, task| {
            Ok(workers.shared.slots[task].state() == State::Ready)
        })?;
        Ok(all)
    }

    /// Returns the name of a worker, for messages.
    fn name(&self, worker: usize) -> String {
        name(worker, self.shared.tasks)
    }

    fn give_order(&self) -> Result<()> {
        self.shared
            .orders
            .write(self.handles.len() as u64)
            .context("the workers cannot be given orders")?;
        Ok(())
    }

    fn wait_for_all(
        &mut self,
        what: &str,
        mut done: impl FnMut(&Self, usize) -> Result<bool>,
    ) -> Result<()> {
        let patience = PATIENCE + PATIENCE_PER_TASK * self.handles.len() as u32;
        let deadline = Instant::now() + patience;
        for task in 0..self.handles.len() {
            while !done(self, task)? {
                self.wait(POLL)?;
                if Instant::now() > deadline {
                    bail!(
                        "{} did not {what} within {} seconds: see the kernel log \
                         ('dmesg'), and take fewer tasks if the machine is overloaded",
                        self.name(task),
                        patience.as_secs()
                    );
                }
            }
        }
        Ok(())
    }

    /// Returns an error if a worker has failed or died.
    fn check(&mut self) -> Result<()> {
        let (slots, tasks) = (&self.shared.slots, self.shared.tasks);
        for (worker, (slot, handle)) in slots.iter().zip(&mut self.handles).enumerate() {
            // Reap first: a worker records its failure before it exits.
            let ended = handle.try_reap()?;
            if let Some((stage, errno)) = slot.failure() {
                return Err(explain(&name(worker, tasks), stage, errno));
            }
            if let Some(how) = ended {
                let how = how.unwrap_or_else(|| "it ended".into());
                bail!(
                    "{} is gone: {how}; see the kernel log ('dmesg') for the reason",
                    name(worker, tasks)
                );
            }
        }
        Ok(())
    }

    fn stop_all(&self) -> Result<()> {
        let slots = self.shared.slots.iter().enumerate();
        for (task, slot) in slots.take(self.handles.len()) {
            self.shared.load.stop(task, slot)?;
        }
        Ok(())
    }
}

impl Pool for Workers<'_> {
    fn start(&mut self) -> Result<()> {
        for slot in self.shared.slots.iter() {
            slot.set_stopping(false);
        }
        // The eventfd orders these stores before the workers' loads.
        self.give_order()?;
        self.wait_for_all("start to run", |workers, task| {
            let shared = &workers.shared;
            shared.load.is_running(task, &shared.slots[task])
        })
    }

    fn stop(&mut self) -> Result<()> {
        for slot in self.shared.slots.iter() {
            slot.set_stopping(true);
        }
        self.stop_all()?;
        self.wait_for_all("stop", |workers, task| {
            Ok(workers.shared.slots[task].state() == State::Ready)
        })
    }

    fn read(&mut self) -> Result<Vec<Reading>> {
        let slots = self.shared.slots.iter().enumerate();
        slots
            .take(self.shared.tasks)
            .map(|(task, slot)| self.shared.load.read(task, slot))
            .collect()
    }

    fn wait(&mut self, duration: Duration) -> Result<()> {
        let deadline = Instant::now() + duration;
        loop {
            match self.signals.wait(&self.shared.failures, deadline)? {
                Wakeup::Deadline => return Ok(()),
                Wakeup::Worker => self.check()?,
            }
        }
    }

    fn shut_down(&mut self) -> Result<()> {
        for slot in self.shared.slots.iter() {
            slot.quit();
        }
        // Signals are ignored from here on: this takes no longer than the time limit of workers.
        let _ = self.give_order();
        let begun = Instant::now();
        let mut killed = false;
        loop {
            // Repeated: a stop that comes before the run has no effect.
            let _ = self.stop_all();
            let mut left = 0;
            for handle in &mut self.handles {
                left += usize::from(handle.try_reap()?.is_none());
            }
            if left == 0 {
                self.handles.clear();
                return Ok(());
            }
            if begun.elapsed() > KILL_AFTER && !killed {
                self.handles.iter().for_each(Handle::kill);
                killed = true;
            }
            if begun.elapsed() > PATIENCE {
                bail!("{left} workers cannot be ended: see the kernel log ('dmesg')");
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        if !self.handles.is_empty() {
            let _ = self.shut_down();
        }
    }
}

fn name(worker: usize, tasks: usize) -> String {
    match worker.checked_sub(tasks) {
        None => format!("task {worker}"),
        Some(waiter) => format!("waiter {waiter}"),
    }
}

fn explain(worker: &str, stage: Stage, errno: Errno) -> anyhow::Error {
    let what = match stage {
        Stage::Affinity => {
            "could not be put on its CPU; try --no-affinity, or choose CPUs that are online with \
             taskset"
        }
        Stage::Orders => "could not wait for orders",
        Stage::Run => match errno {
            Errno::ENOMEM => {
                "failed: its address space has no room; raise 'ulimit -v' or \
                 vm.overcommit_memory, or take fewer tasks"
            }
            Errno::EUSERS => "failed: the module runs as many workers as it can; take fewer tasks",
            Errno::EBUSY => {
                "failed: the hook is enabled, which keeps workers out; run 'echo 0 \
                 >/sys/class/misc/epoch_bench/hook/enable'"
            }
            Errno::EINTR => "was interrupted by a signal that epoch-bench did not send",
            Errno::E2BIG => {
                "failed: the module is older than this epoch-bench, and cannot do this; load the \
                 module of the same source"
            }
            Errno::EPROTO => {
                "failed: the module was replaced by one of another version; start again"
            }
            _ => "failed: see the kernel log ('dmesg')",
        },
        Stage::EndedEarly => {
            return anyhow!("{worker} ended before it was told to: was the module unloaded?");
        }
        Stage::Panic => return anyhow!("{worker} panicked: this is a bug in epoch-bench"),
    };
    anyhow!("{worker} {what} ({})", errno.desc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Slot;

    /// Load in memory: task 1 does what the test asks for, the others count until they are stopped.
    struct FakeLoad(fn(&Slot) -> std::result::Result<(), Errno>);

    fn count(slot: &Slot) -> std::result::Result<(), Errno> {
        while !slot.is_stopping() {
            slot.set_iterations(slot.iterations() + 1);
            std::thread::yield_now();
        }
        Ok(())
    }

    impl Load for FakeLoad {
        fn run(&self, task: usize, slot: &Slot) -> std::result::Result<(), Errno> {
            if task == 1 {
                (self.0)(slot)
            } else {
                count(slot)
            }
        }

        fn is_running(&self, _task: usize, slot: &Slot) -> Result<bool> {
            Ok(slot.state() == State::Running)
        }

        fn stop(&self, _task: usize, _slot: &Slot) -> Result<()> {
            Ok(())
        }

        fn read(&self, _task: usize, slot: &Slot) -> Result<Reading> {
            Ok(Reading {
                iterations: slot.iterations(),
                timestamp_ns: crate::clock::monotonic_ns()?,
            })
        }
    }

    const TASKS: usize = 3;

    const CREW: Crew = Crew {
        tasks: TASKS,
        waiters: 0,
    };

    fn with_workers(
        task_1: fn(&Slot) -> std::result::Result<(), Errno>,
        body: impl FnOnce(&mut Workers<'_>) -> Result<()>,
    ) -> Result<()> {
        let signals = SignalWatch::new()?;
        let load = Arc::new(FakeLoad(task_1));
        let mut workers = Workers::spawn(load, CREW, Carrier::Threads, None, &signals)?;
        let result = body(&mut workers);
        workers.shut_down()?;
        assert!(workers.handles.is_empty());
        result
    }

    /// Returns the error of a run with a task 1 that does not do its work.
    fn error_of(task_1: fn(&Slot) -> std::result::Result<(), Errno>) -> String {
        let error = with_workers(task_1, |workers| {
            workers.start()?;
            workers.wait(Duration::from_secs(60))
        });
        format!("{:#}", error.unwrap_err())
    }

    #[test]
    fn workers_run_when_told_and_only_then() {
        with_workers(count, |workers| {
            let mut iterations = [0; TASKS];
            for _ in 0..20 {
                workers.start()?;
                while !workers
                    .read()?
                    .iter()
                    .zip(&iterations)
                    .all(|(reading, before)| reading.iterations > *before)
                {
                    workers.wait(POLL)?;
                }
                workers.stop()?;
                let stopped = workers.read()?;
                workers.wait(POLL)?;
                for (task, reading) in workers.read()?.iter().enumerate() {
                    assert_eq!(reading.iterations, stopped[task].iterations);
                    iterations[task] = reading.iterations;
                }
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_worker_that_fails_is_named_with_its_reason() {
        let error = error_of(|_| Err(Errno::ENOMEM));
        assert!(
            error.starts_with("task 1 failed: its address space has no room"),
            "{error}"
        );
        let error = error_of(|_| Err(Errno::EUSERS));
        assert!(error.contains("take fewer tasks"), "{error}");
    }

    #[test]
    fn waiters_run_and_are_not_counted() {
        let signals = SignalWatch::new().unwrap();
        let crew = Crew {
            tasks: 1,
            waiters: 2,
        };
        let load = Arc::new(FakeLoad(count));
        let mut workers = Workers::spawn(load, crew, Carrier::Threads, None, &signals).unwrap();
        workers.start().unwrap();
        let waiters = || workers.shared.slots.iter().skip(1);
        while waiters().any(|slot| slot.iterations() == 0) {
            std::thread::sleep(POLL);
        }
        assert_eq!(workers.read().unwrap().len(), 1);
        workers.stop().unwrap();
        workers.shut_down().unwrap();
    }

    #[test]
    fn a_waiter_that_fails_is_called_one() {
        let signals = SignalWatch::new().unwrap();
        let crew = Crew {
            tasks: 1,
            waiters: 1,
        };
        let load = Arc::new(FakeLoad(|_| Err(Errno::EBUSY)));
        let mut workers = Workers::spawn(load, crew, Carrier::Threads, None, &signals).unwrap();
        let error = workers.start().and_then(|()| workers.wait(PATIENCE));
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("waiter 0 failed: the hook is"), "{error}");
    }

    #[test]
    fn a_worker_that_ends_too_early_is_an_error() {
        assert!(error_of(|_| Ok(())).starts_with("task 1 ended before it was told to"));
    }

    #[test]
    fn a_worker_that_panics_is_an_error() {
        assert!(error_of(|_| panic!("as the test wants it")).starts_with("task 1 panicked"));
    }

    #[test]
    fn running_workers_end_when_dropped() {
        let signals = SignalWatch::new().unwrap();
        let load = Arc::new(FakeLoad(count));
        let alive = Arc::downgrade(&load);
        let mut workers = Workers::spawn(load, CREW, Carrier::Threads, None, &signals).unwrap();
        workers.start().unwrap();
        drop(workers);
        assert_eq!(alive.strong_count(), 0);
    }
}
