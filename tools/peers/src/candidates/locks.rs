// SPDX-License-Identifier: GPL-2.0

//! Locks of the Rust world. All threads take the same one.

use super::{Batch, Candidate, Entry, Kind};
use crate::epoch::Cpu;
use crate::pairs::pairs;

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::new(
            "parking_lot Mutex",
            Kind::Lock,
            "lock and unlock, one mutex for all threads",
            ParkingLotMutex::default(),
        ),
        Entry::new(
            "parking_lot RwLock, read",
            Kind::Lock,
            "read and unlock, one lock for all threads",
            ParkingLotRwLock::default(),
        ),
        Entry::new(
            "std Mutex",
            Kind::Lock,
            "lock and unlock, one mutex for all threads",
            StdMutex::default(),
        ),
    ]
}

/// A value on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Alone<T>(T);

#[derive(Default)]
struct ParkingLotMutex(Alone<parking_lot::Mutex<()>>);

impl Candidate for ParkingLotMutex {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(&self.0.0)
    }
}

impl Batch for &parking_lot::Mutex<()> {
    fn run(&mut self, pairs: u64) {
        let mutex = *self;
        pairs!(pairs, held = mutex.lock(), drop(held));
    }
}

#[derive(Default)]
struct ParkingLotRwLock(Alone<parking_lot::RwLock<()>>);

impl Candidate for ParkingLotRwLock {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(&self.0.0)
    }
}

impl Batch for &parking_lot::RwLock<()> {
    fn run(&mut self, pairs: u64) {
        let lock = *self;
        pairs!(pairs, held = lock.read(), drop(held));
    }
}

#[derive(Default)]
struct StdMutex(Alone<std::sync::Mutex<()>>);

impl Candidate for StdMutex {
    fn attach<'a>(&'a self, _cpu: &'a Cpu<'a>) -> Box<dyn Batch + 'a> {
        Box::new(&self.0.0)
    }
}

impl Batch for &std::sync::Mutex<()> {
    fn run(&mut self, pairs: u64) {
        let mutex = *self;
        // A user checks whether the mutex is poisoned.
        pairs!(pairs, held = mutex.lock().expect("poisoned"), drop(held));
    }
}
