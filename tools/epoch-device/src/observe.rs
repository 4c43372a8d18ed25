// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a tracker went through while it was measured, beside the loops.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::counters::Counters;
use crate::device::Device;
use crate::hook::{Calls, Hook};
use crate::latency::{Buckets, Latency};
use crate::uapi;

/// What has been counted, since the module was loaded or between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The tracker's own counters.
    pub counters: Counters,
    /// How long waits took.
    pub waits: Buckets,
    /// How long hooked calls took.
    pub hooked: Buckets,
    /// Hooked calls with any tracker; none where the hook takes no part.
    pub calls: Option<Calls>,
}

impl Observation {
    /// What was counted since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        let calls = self.calls.zip(before.calls);
        Self {
            counters: self.counters.since(&before.counters),
            waits: self.waits.since(&before.waits),
            hooked: self.hooked.since(&before.hooked),
            calls: calls.map(|(calls, before)| calls.since(&before)),
        }
    }

    /// Adds what was counted at another time.
    pub fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.waits.add(&other.waits);
        self.hooked.add(&other.hooked);
        if let Some(calls) = &other.calls {
            self.calls.get_or_insert_default().add(calls);
        }
    }
}

/// Reads what a tracker has been through.
pub trait Observer {
    /// Since the module was loaded; calls since the hook was enabled.
    fn observe(&self, tracker: &str) -> Result<Observation>;
}

/// [`Observer`] of the module.
pub struct ModuleObserver<'a> {
    /// The device.
    pub device: &'a Device,
    /// The hook, where it takes part.
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

/// An observation as a reader wants it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// The tracker's own counters.
    pub counters: Counters,
    /// How long waits took, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_latency: Option<Latency>,
    /// Hooked calls, where the hook took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// How long those took, from the function's entry to its return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_latency: Option<Latency>,
}

impl Observed {
    /// The same with percentiles in place of buckets.
    pub fn new(observation: &Observation) -> Result<Self> {
        Ok(Self {
            counters: observation.counters,
            wait_latency: Latency::of(&observation.waits)?,
            calls: observation.calls,
            call_latency: Latency::of(&observation.hooked)?,
        })
    }
}

/// For tests.
/// A stand-in for the module.
#[cfg(any(test, feature = "fakes"))]
#[allow(missing_docs)]
pub mod fake {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// Each reading of a tracker finds one wait more than the last one.
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
