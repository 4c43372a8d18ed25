// SPDX-License-Identifier: MIT OR Apache-2.0

//! Part of the page that one file adds.

use anyhow::{Context, Result};

use super::input::{Input, Results};
use super::{compare, doctor, profile, run, sweep};
use crate::show::html::{Outcome, Section};

/// Part of the page that one file adds.
#[derive(Default)]
pub struct Part {
    /// Outcomes of the measurement.
    pub outcomes: Vec<Outcome>,
    /// Reasons to doubt the outcomes.
    pub warnings: Vec<String>,
    /// Sections with the details.
    pub sections: Vec<Section>,
}

impl Part {
    /// Returns the part of the page for a file.
    pub fn of(input: &Input) -> Result<Self> {
        let part = match &input.results {
            Results::Compare(report) => compare::part(report),
            Results::Sweep(report) => sweep::part(report, &input.name),
            Results::Run(report) => run::part(report),
            Results::Profile(report) => Ok(profile::part(report)),
            Results::Doctor(report) => Ok(doctor::part(report)),
        };
        part.with_context(|| format!("{} cannot be reported", input.name))
    }
}
