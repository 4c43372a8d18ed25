// SPDX-License-Identifier: MIT OR Apache-2.0

//! A command with the hook attached.

use std::borrow::Cow;

use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hook_cost::HookCost;

/// `epoch-bench/hook/1`: a command, run once with each tracker, with blocks around its calls of
/// the hooked function.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct HookReport {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/hook/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the measurement.
    pub environment: Environment,
    /// The hooked function.
    pub hook: Target,
    /// Tasks whose calls are hooked, in words.
    pub calls_of: String,
    /// Cost of the hook itself, or null where it could not be measured.
    pub hook_cost: Option<HookCost>,
    /// The trackers in the order in which they ran.
    pub runs: Vec<HookRun>,
}

impl HookReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/hook/1";
}

/// The command with one tracker.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct HookRun {
    /// The tracker.
    pub tracker: String,
    /// The command's exit code, 128 and the signal's number if it was killed.
    pub exit_code: u8,
    /// Statistics of the tracker during the command.
    pub observed: Observed,
}
