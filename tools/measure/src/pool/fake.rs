// SPDX-License-Identifier: MIT OR Apache-2.0

//! Pool in memory, for tests: exact rates, a clock of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use epoch_device::sysfs::TrackerControl;

use epoch_results::record::Reading;

use super::Pool;

/// Call that the pool or the trackers have received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Start,
    Stop,
    ShutDown,
    Select(String),
}

/// Pool in which each task does exactly its rate of iterations per second.
pub struct FakePool {
    rates: Vec<u64>,
    now_ns: u64,
    running: bool,
    waits: usize,
    /// Time by which each wait is too long.
    pub lateness: Duration,
    /// Number of the wait that fails, counted from 0, and its error.
    pub fail_at_wait: Option<(usize, anyhow::Error)>,
    pub events: Vec<Event>,
    /// If present, decides about the rates: `mutex` halves them.
    pub trackers: Option<Rc<FakeTrackers>>,
}

impl FakePool {
    pub fn new(rates: &[u64]) -> Self {
        Self {
            rates: rates.to_vec(),
            now_ns: 1,
            running: false,
            waits: 0,
            lateness: Duration::ZERO,
            fail_at_wait: None,
            events: Vec::new(),
            trackers: None,
        }
    }

    fn log(&mut self, event: Event) {
        if let Some(trackers) = &self.trackers {
            trackers.events.borrow_mut().push(event.clone());
        }
        self.events.push(event);
    }
}

impl Pool for FakePool {
    fn start(&mut self) -> Result<()> {
        assert!(!self.running, "started twice");
        self.running = true;
        self.now_ns = 1;
        self.log(Event::Start);
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        assert!(self.running, "stopped twice");
        self.running = false;
        self.log(Event::Stop);
        Ok(())
    }

    fn read(&mut self) -> Result<Vec<Reading>> {
        let divisor = match &self.trackers {
            Some(trackers) if trackers.current()? == "mutex" => 2,
            _ => 1,
        };
        let elapsed_ns = self.now_ns - 1;
        let reading = |rate: &u64| Reading {
            iterations: rate / divisor * elapsed_ns / 1_000_000_000,
            timestamp_ns: self.now_ns,
        };
        Ok(self.rates.iter().map(reading).collect())
    }

    fn wait(&mut self, duration: Duration) -> Result<()> {
        if let Some((at, error)) = self.fail_at_wait.take() {
            if at == self.waits {
                return Err(error);
            }
            self.fail_at_wait = Some((at, error));
        }
        self.waits += 1;
        self.now_ns += (duration + self.lateness).as_nanos() as u64;
        Ok(())
    }

    fn shut_down(&mut self) -> Result<()> {
        self.running = false;
        self.log(Event::ShutDown);
        Ok(())
    }
}

/// Trackers in memory; like the module's, they may change under load.
pub struct FakeTrackers {
    current: RefCell<String>,
    pub events: RefCell<Vec<Event>>,
}

impl FakeTrackers {
    pub fn new(current: &str) -> Rc<Self> {
        Rc::new(Self {
            current: RefCell::new(current.into()),
            events: RefCell::default(),
        })
    }
}

impl TrackerControl for FakeTrackers {
    fn available(&self) -> Result<Vec<String>> {
        Ok(["none", "mutex", "spin", "epoch"]
            .map(String::from)
            .to_vec())
    }

    fn current(&self) -> Result<String> {
        Ok(self.current.borrow().clone())
    }

    fn select(&self, name: &str) -> Result<()> {
        *self.current.borrow_mut() = name.into();
        self.events.borrow_mut().push(Event::Select(name.into()));
        Ok(())
    }
}
