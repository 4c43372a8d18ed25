// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics of a tracker while it is measured, in addition to the loops.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::counters::Counters;
use crate::device::Device;
use crate::hook::{Calls, Hook};
use crate::latency::{Buckets, Latency};
use crate::uapi;

/// Statistics of a tracker since the module was loaded, or between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Counters of the tracker.
    pub counters: Counters,
    /// Histogram of the duration of waits.
    pub waits: Buckets,
    /// Histogram of the duration of hooked calls.
    pub hooked: Buckets,
    /// Hooked calls with any tracker; `None` if the hook is not used.
    pub calls: Option<Calls>,
}

impl Observation {
    /// Returns the statistics since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        let calls = self.calls.zip(before.calls);
        Self {
            counters: self.counters.since(&before.counters),
            waits: self.waits.since(&before.waits),
            hooked: self.hooked.since(&before.hooked),
            calls: calls.map(|(calls, before)| calls.since(&before)),
        }
    }

    /// Adds the statistics of another interval.
    pub fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.waits.add(&other.waits);
        self.hooked.add(&other.hooked);
        if let Some(calls) = &other.calls {
            self.calls.get_or_insert_default().add(calls);
        }
    }
}

/// Reads the statistics of a tracker.
pub trait Observer {
    /// Returns the statistics since the module was loaded; calls since the hook was enabled.
    fn observe(&self, tracker: &str) -> Result<Observation>;
}

/// [`Observer`] of the module.
pub struct ModuleObserver<'a> {
    /// Device of the module.
    pub device: &'a Device,
    /// Hook of the module; `None` if it is not used.
    pub hook: Option<Hook<'a>>,
}

impl Observer for ModuleObserver<'_> {
    fn observe(&self, tracker: &str) -> Result<Observation> {
        let buckets = |latency| self.device.histogram(tracker, latency).map(Buckets::new);
        let hooked = match self.hook {
            Some(_) => buckets(uapi::LATENCY_HOOKED)?,
            None => Buckets::default(),
        };
        Ok(Observation {
            counters: Counters::from(&self.device.tracker(tracker)?),
            waits: buckets(uapi::LATENCY_WAITS)?,
            hooked,
            calls: self.hook.map(|hook| hook.calls()).transpose()?,
        })
    }
}

/// Statistics of a tracker as reported: percentiles instead of histograms.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Counters of the tracker.
    pub counters: Counters,
    /// Duration of waits, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_latency: Option<Latency>,
    /// Hooked calls, if the hook was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// Duration of hooked calls, from the function's entry to its return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_latency: Option<Latency>,
}

impl Observed {
    /// Computes the percentiles of an observation's histograms.
    pub fn new(observation: &Observation) -> Result<Self> {
        Ok(Self {
            counters: observation.counters,
            wait_latency: Latency::of(&observation.waits)?,
            calls: observation.calls,
            call_latency: Latency::of(&observation.hooked)?,
        })
    }
}

/// Stand-in for the module, for tests.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// Observer that finds one more wait at each reading of a tracker.
    #[derive(Default)]
    pub struct FakeObserver(RefCell<HashMap<String, u64>>);

    impl Observer for FakeObserver {
        fn observe(&self, tracker: &str) -> Result<Observation> {
            let mut readings = self.0.borrow_mut();
            let waits = readings.entry(tracker.into()).or_default();
            *waits += 1;
            let mut buckets = [0; uapi::BUCKETS];
            buckets[10] = *waits;
            Ok(Observation {
                counters: Counters {
                    waits: *waits,
                    ..Default::default()
                },
                waits: Buckets::new(buckets),
                ..Default::default()
            })
        }
    }
}
