// SPDX-License-Identifier: MIT OR Apache-2.0

//! Cost of the hook itself: calls that are not hooked against calls hooked with a tracker that
//! does nothing.

use std::fmt;

use anyhow::Result;
use epoch_device::latency::time;
use ministat::{Confidence, Dataset, Edition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Describes the cost in words, or says why it could not be measured.
pub fn describe(cost: Option<&HookCost>) -> String {
    match cost {
        Some(cost) => cost.to_string(),
        None => "the hook itself: not measured, since munmap(2) does not call the hooked function"
            .into(),
    }
}

impl HookCost {
    /// Computes the cost from the times of iterations, in nanoseconds.
    pub fn new(unhooked: Vec<f64>, hooked: Vec<f64>, confidence: Confidence) -> Result<Self> {
        let unhooked = Dataset::new("not hooked", unhooked)?;
        let hooked = Dataset::new("hooked", hooked)?;
        let difference = ministat::compare(&hooked, &unhooked, confidence, Edition::Current);
        Ok(Self {
            unhooked_ns: unhooked.mean(),
            hooked_ns: hooked.mean(),
            cost_ns: difference.absolute,
            cost_error_ns: difference.absolute_error,
            n: hooked.n(),
            confidence_percent: confidence.percent(),
            proven: difference.proven,
        })
    }
}

impl fmt::Display for HookCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            n,
            confidence_percent,
            ..
        } = self;
        let (cost, error) = (time(self.cost_ns), time(self.cost_error_ns));
        let how = format!(
            "{} an iteration not hooked, {} hooked with tracker none, {confidence_percent}% \
             confidence, N={n} each",
            time(self.unhooked_ns),
            time(self.hooked_ns)
        );
        if self.proven {
            write!(f, "the hook itself: {cost} +/- {error} per call ({how})")
        } else {
            write!(
                f,
                "the hook itself: not measurable, {cost} +/- {error} per call ({how})"
            )
        }
    }
}
