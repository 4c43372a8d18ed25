// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one file adds to the page.

use anyhow::{Context, Result};
use epoch_report::{Outcome, Section};

use super::input::{Input, Results};
use super::{compare, doctor, profile, run, sweep};

/// What one file adds to the page.
#[derive(Default)]
pub struct Part {
    /// What came out.
    pub outcomes: Vec<Outcome>,
    /// Why that should be doubted.
    pub warnings: Vec<String>,
    /// What it rests on.
    pub sections: Vec<Section>,
}

impl Part {
    /// That of this file.
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
