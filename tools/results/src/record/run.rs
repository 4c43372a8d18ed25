// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measurement of one tracker.

use std::borrow::Cow;

use anyhow::{Result, ensure};
use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActivityPerIteration, HookCost, Sample, Statistics, Workload, expect_schema};

/// `epoch-bench/run/1`: measurement of one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct RunReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/run/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// The measured workload.
    pub workload: Workload,
    /// The tracker, or null in user space without the hook, where there is none.
    pub tracker: Option<String>,
    /// Samples before the measurement, not counted.
    pub warmup: Vec<Sample>,
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// Statistics of the samples' totals.
    pub statistics: Statistics,
    /// Statistics of the tracker during the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Activity of the whole machine during the samples, per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityPerIteration>,
    /// The hooked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Target>,
    /// Cost of the hook itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_cost: Option<HookCost>,
}

impl RunReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/run/1";

    /// Reads a file that [`write()`](super::write()) wrote.
    pub fn read(json: &[u8]) -> Result<Self> {
        expect_schema(json, Self::SCHEMA)?;
        let report: Self = serde_json::from_slice(json)?;
        ensure!(!report.samples.is_empty(), "it has no samples");
        Ok(report)
    }
}
