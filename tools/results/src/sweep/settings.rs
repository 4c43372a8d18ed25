// SPDX-License-Identifier: MIT OR Apache-2.0

//! Settings of a sweep.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// Settings of a sweep, saved so that another run can resume it. Fields have the names of their
/// options.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Settings {
    /// Numbers of tasks, ascending, each once.
    pub tasks: Vec<usize>,
    /// Trackers as named on the command line; `all` for all.
    pub trackers: Vec<String>,
    /// Warmup samples of each tracker, which do not count.
    pub warmup: u32,
    /// Samples of each tracker that count.
    pub samples: u32,
    /// Options of the measurement.
    #[serde(flatten)]
    pub measure: Options,
}
