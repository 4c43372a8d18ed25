// SPDX-License-Identifier: GPL-2.0

//! Measurement in rounds, in each of which every candidate has one turn.
//!
//! The threads take turns together, and each measures on its own. The cost of a pair is the time
//! of all threads divided by the pairs of all threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{hint, io};

use anyhow::{Context, Result};

use crate::candidates::{Batch, Candidate};
use crate::epoch::{Cpu, Epoch};
use crate::pairs::PAIRS_PER_TURN;
use crate::system;

/// Parameters of a measurement.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Turns of each candidate.
    pub rounds: usize,
    /// Length of a turn.
    pub turn: Duration,
    /// CPU of each thread.
    pub cpus: Vec<usize>,
}

/// Nanoseconds per pair for each candidate, in the order of the rounds.
pub type Figures = Vec<Vec<f64>>;

/// Measures the candidates.
pub fn measure(plan: &Plan, candidates: &[&dyn Candidate]) -> Result<Figures> {
    let threads = plan.cpus.len();
    let epoch = Epoch::new(threads).context("membarrier(2) is needed: Linux 4.14 or later")?;
    let together = Together::new(threads);
    let measured: Result<Vec<Vec<Vec<Turn>>>> = thread::scope(|scope| {
        let workers: Vec<_> = (plan.cpus.iter())
            .map(|&cpu| {
                let worker = Worker {
                    plan,
                    candidates,
                    together: &together,
                };
                let epoch = &epoch;
                scope.spawn(move || worker.run(cpu, epoch))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker does not panic"))
            .collect()
    });
    let measured = measured?;

    let figure = |candidate: usize, round: usize| {
        let turns = measured.iter().map(|worker| worker[candidate][round]);
        let sum = turns.fold(Turn::default(), |sum, turn| Turn {
            time: sum.time + turn.time,
            pairs: sum.pairs + turn.pairs,
        });
        sum.time.as_nanos() as f64 / sum.pairs as f64
    };
    Ok((0..candidates.len())
        .map(|candidate| {
            (0..plan.rounds)
                .map(|round| figure(candidate, round))
                .collect()
        })
        .collect())
}

/// Measurement of one thread in a turn.
#[derive(Clone, Copy, Default)]
struct Turn {
    time: Duration,
    pairs: u64,
}

struct Worker<'a> {
    plan: &'a Plan,
    candidates: &'a [&'a dyn Candidate],
    together: &'a Together,
}

impl Worker<'_> {
    fn run(self, cpu: usize, epoch: &Epoch) -> Result<Vec<Vec<Turn>>> {
        let prepared = self.prepare(cpu, epoch);
        // The others cannot continue without this one: all do, or none.
        if !self.together.agree(prepared.is_ok()) {
            // The thread that failed returns its error.
            return prepared.map(|_| Vec::new());
        }
        let cpu = prepared?;

        let candidates = self.candidates.iter();
        let mut batches: Vec<_> = candidates.map(|candidate| candidate.attach(&cpu)).collect();
        let mut chunks = Vec::new();
        for batch in &mut batches {
            self.together.wait();
            chunks.push(self.chunk(batch.as_mut()));
        }
        let mut turns = vec![Vec::new(); batches.len()];
        for round in 0..self.plan.rounds {
            for place in 0..batches.len() {
                let candidate = (place + round) % batches.len();
                let batch = batches[candidate].as_mut();
                self.together.wait();
                turns[candidate].push(self.turn(batch, chunks[candidate]));
            }
        }
        // No thread leaves while others are measured.
        self.together.wait();
        Ok(turns)
    }

    fn prepare<'e>(&self, cpu: usize, epoch: &'e Epoch) -> Result<Cpu<'e>> {
        system::pin(cpu).with_context(|| format!("a thread cannot be bound to CPU {cpu}"))?;
        let attached: io::Result<_> = epoch.cpu();
        attached.context("the GS base cannot be set")
    }

    /// Returns a number of pairs with which the clock is read some twenty times in a turn.
    fn chunk(&self, batch: &mut dyn Batch) -> u64 {
        let enough = self.plan.turn / 20;
        let mut pairs = 16 * PAIRS_PER_TURN;
        loop {
            let start = Instant::now();
            batch.run(pairs);
            if start.elapsed() >= enough {
                return pairs;
            }
            pairs *= 2;
        }
    }

    fn turn(&self, batch: &mut dyn Batch, chunk: u64) -> Turn {
        // Warms up caches and predictors.
        batch.run(chunk);
        let mut turn = Turn::default();
        let start = Instant::now();
        while turn.time < self.plan.turn {
            batch.run(chunk);
            turn.pairs += chunk;
            turn.time = start.elapsed();
        }
        turn
    }
}

/// Barrier that releases threads at the same moment. They spin, since waking them would take time.
struct Together {
    threads: usize,
    arrived: AtomicUsize,
    failed: AtomicUsize,
}

impl Together {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        }
    }

    /// Waits until all threads have called it equally often.
    fn wait(&self) {
        // The number of calls after which all threads have made this one.
        let all = (self.arrived.fetch_add(1, Ordering::AcqRel) / self.threads + 1) * self.threads;
        let mut spins = 0_u32;
        while self.arrived.load(Ordering::Acquire) < all {
            spins += 1;
            // Another program may occupy the CPU of a thread that has yet to arrive.
            if spins % 1024 == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }

    /// Returns whether all threads are prepared.
    fn agree(&self, well: bool) -> bool {
        self.failed.fetch_add(usize::from(!well), Ordering::Relaxed);
        self.wait();
        self.failed.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::topology::allowed_cpus;
    use std::sync::Mutex;

    /// A candidate that records in which order candidates run.
    struct Noted<'a> {
        name: char,
        order: &'a Mutex<String>,
    }

    impl Candidate for Noted<'_> {
        fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
            Box::new(self)
        }
    }

    impl Batch for &Noted<'_> {
        fn run(&mut self, _pairs: u64) {
            let mut order = self.order.lock().unwrap();
            if !order.ends_with(self.name) {
                order.push(self.name);
            }
            thread::sleep(Duration::from_micros(100));
        }
    }

    #[test]
    fn each_round_has_each_candidate_once_in_another_order() {
        let order = Mutex::new(String::new());
        let candidates = ['a', 'b', 'c'].map(|name| Noted {
            name,
            order: &order,
        });
        let candidates: Vec<&dyn Candidate> = candidates.iter().map(|c| c as _).collect();
        let plan = Plan {
            rounds: 3,
            turn: Duration::from_millis(1),
            cpus: allowed_cpus().unwrap()[..1].to_vec(),
        };
        let figures = measure(&plan, &candidates).unwrap();
        let lengths: Vec<_> = figures.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 3, 3]);
        // Calibration, then three rounds.
        assert_eq!(
            *order.lock().unwrap(),
            ["abc", "abc", "bca", "cab"].concat()
        );
    }

    #[test]
    fn a_cpu_that_does_not_exist_ends_all_threads() {
        let plan = Plan {
            rounds: 1,
            turn: Duration::from_micros(10),
            cpus: vec![allowed_cpus().unwrap()[0], 1023],
        };
        let error = measure(&plan, &[]).unwrap_err();
        assert!(error.to_string().contains("CPU 1023"), "{error:#}");
    }
}
