// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a sweep was asked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// What a sweep was asked for, so that another run can go on with it. Fields
/// are called what their options are.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Settings {
    /// Numbers of tasks, ascending, each once.
    pub tasks: Vec<usize>,
    /// Trackers as they were named, `all` for all.
    pub trackers: Vec<String>,
    /// Samples of each tracker that do not count.
    pub warmup: u32,
    /// Samples of each tracker that count.
    pub samples: u32,
    /// How to measure.
    #[serde(flatten)]
    pub measure: Options,
}
