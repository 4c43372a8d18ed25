// SPDX-License-Identifier: MIT OR Apache-2.0

//! Results of torture tests, with the module's verifier enabled.

use std::borrow::Cow;

use epoch_device::observe::Observed;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `epoch-bench/torture/1`: blocks and waits, and the number of waits that returned too early.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TortureReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/torture/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the test.
    pub environment: Environment,
    /// Workers that open blocks.
    pub tasks: usize,
    /// Workers that wait continuously.
    pub waiters: usize,
    /// Number of the pages' keys, if it is not the module's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// Length of the test of each tracker; with `switch_ms`, of all together.
    pub seconds: u64,
    /// Time between switches of the tracker under load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_ms: Option<u64>,
    /// The trackers in their order.
    pub trackers: Vec<Tortured>,
}

impl TortureReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/torture/1";

    /// Returns the number of waits that returned too early, with all trackers.
    pub fn violations(&self) -> u64 {
        let trackers = self.trackers.iter();
        trackers
            .map(|tracker| tracker.observed.counters.violations)
            .sum()
    }
}

/// Results of one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Tortured {
    /// The tracker.
    pub tracker: String,
    /// Number of blocks that were opened.
    pub blocks: u64,
    /// Statistics of the tracker, including `waits` and `violations`: without waits, nothing was
    /// verified.
    pub observed: Observed,
}
