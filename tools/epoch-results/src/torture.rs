// SPDX-License-Identifier: MIT OR Apache-2.0

//! Trackers that were tortured, with the module's verifier watching.

use std::borrow::Cow;

use epoch_device::observe::Observed;
use epoch_machine::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `epoch-bench/torture/1`: blocks and waits, and whether a wait returned too
/// early.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TortureReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/torture/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Where it ran.
    pub environment: Environment,
    /// Workers that open blocks.
    pub tasks: usize,
    /// Workers that wait, one wait after the other.
    pub waiters: usize,
    /// Number of the pages' keys, if it is not the module's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u32>,
    /// How long each tracker was tortured; with `switch_ms`, all together.
    pub seconds: u64,
    /// How long a tracker was in use until the next one was, under load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_ms: Option<u64>,
    /// The trackers in their order.
    pub trackers: Vec<Tortured>,
}

impl TortureReport {
    /// The form of these files.
    pub const SCHEMA: &'static str = "epoch-bench/torture/1";

    /// Waits that returned too early, of all trackers together.
    pub fn violations(&self) -> u64 {
        let trackers = self.trackers.iter();
        trackers
            .map(|tracker| tracker.observed.counters.violations)
            .sum()
    }
}

/// What one tracker went through.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Tortured {
    /// The tracker.
    pub tracker: String,
    /// Blocks that were opened.
    pub blocks: u64,
    /// What it counted, `waits` and `violations` among it: without waits,
    /// nothing was verified.
    pub observed: Observed,
}
