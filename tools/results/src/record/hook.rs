// SPDX-License-Identifier: MIT OR Apache-2.0

//! A command with the hook attached, and the cost of the hook.

use std::borrow::Cow;

use epoch_device::hook::Target;
use epoch_device::observe::Observed;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Cost of the hook, in nanoseconds of one task for each call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct HookCost {
    /// Mean time of an iteration that is not hooked.
    pub unhooked_ns: f64,
    /// Mean time of an iteration that is hooked with tracker `none`.
    pub hooked_ns: f64,
    /// Difference of the two.
    pub cost_ns: f64,
    /// Half the width of the confidence interval of `cost_ns`.
    pub cost_error_ns: f64,
    /// Number of samples of each.
    pub n: usize,
    /// Confidence in percent.
    pub confidence_percent: f64,
    /// True if Student's t proves a difference.
    pub proven: bool,
}

impl HookReport {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/hook/1";
}
