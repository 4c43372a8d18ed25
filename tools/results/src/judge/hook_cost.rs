// SPDX-License-Identifier: MIT OR Apache-2.0

//! Cost of the hook itself: calls that are not hooked against calls hooked with a tracker that
//! does nothing.

use anyhow::Result;
use ministat::{Confidence, Dataset};

use super::comparison::student;
use crate::record::HookCost;

impl HookCost {
    /// Computes the cost from the times of iterations, in nanoseconds.
    pub fn new(unhooked: Vec<f64>, hooked: Vec<f64>, confidence: Confidence) -> Result<Self> {
        let unhooked = Dataset::new("not hooked", unhooked)?;
        let hooked = Dataset::new("hooked", hooked)?;
        let difference = student(&hooked, &unhooked, confidence);
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
