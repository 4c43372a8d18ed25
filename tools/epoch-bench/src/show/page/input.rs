// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files that a page is made of.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use epoch_results::judge;
use epoch_results::record::{self, CompareReport, ProfileReport, RunReport, SweepReport};
use host::destination;
use host::environment::Environment;
use host::error::usage;

use super::profile::Profile;
use crate::doctor::Report as DoctorReport;

/// Commands that write files for a page.
pub const COMMANDS: &str = "'compare --json', 'sweep --json', 'run --json', 'doctor --json' or \
                            'profile'";

/// File with results.
pub struct Input {
    /// File name without the directory.
    pub name: String,
    /// Results in the file.
    pub results: Results,
}

/// Results in a file, by their schema.
pub enum Results {
    /// `epoch-bench/compare/1`
    Compare(CompareReport),
    /// `epoch-bench/sweep/1`
    Sweep(SweepReport),
    /// `epoch-bench/run/1`
    Run(Box<RunReport>),
    /// `epoch-bench/profile/1`, and the flame graphs that it names
    Profile(Profile),
    /// `epoch-bench/doctor/1`
    Doctor(DoctorReport),
}

impl Input {
    /// Reads a file; its `schema` selects the kind of results.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let json = destination::read(path)
            .with_context(|| format!("cannot read {name}: name a file that {COMMANDS} wrote"))?;
        // Bad data is a usage error, as with draw.
        let folder = path.parent().unwrap_or(Path::new(""));
        let results = Results::read(&json, folder).map_err(|error| {
            usage(format!(
                "{name} is nothing that {COMMANDS} wrote, or not all of it: {error:#}"
            ))
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            results,
        })
    }
}

/// Names inputs by their paths where the names of the files are the same.
pub fn distinguish(inputs: &mut [Input], paths: &[PathBuf]) {
    let names: Vec<_> = inputs.iter().map(|input| input.name.clone()).collect();
    for (index, path) in paths.iter().enumerate() {
        if names.iter().filter(|name| **name == names[index]).count() > 1 {
            inputs[index].name = path.display().to_string();
        }
    }
}

impl Results {
    fn read(json: &[u8], folder: &Path) -> Result<Self> {
        let schema = record::schema(json)?;
        Ok(match &schema[..] {
            CompareReport::SCHEMA => Self::Compare(judge::comparison(json)?),
            SweepReport::SCHEMA => Self::Sweep(judge::sweep(json)?),
            RunReport::SCHEMA => Self::Run(RunReport::read(json)?.into()),
            ProfileReport::SCHEMA => Self::Profile(Profile::read(json, folder)?),
            DoctorReport::SCHEMA => Self::Doctor(DoctorReport::read(json)?),
            _ => bail!("it holds {schema}"),
        })
    }

    /// Returns the position on the page.
    pub fn rank(&self) -> usize {
        match self {
            Self::Compare(_) => 0,
            Self::Sweep(_) => 1,
            Self::Run(_) => 2,
            Self::Profile(_) => 3,
            Self::Doctor(_) => 4,
        }
    }

    /// Returns whether trackers were measured.
    pub fn is_measured(&self) -> bool {
        !matches!(self, Self::Doctor(_))
    }

    /// Returns the environment of the measurement.
    pub fn environment(&self) -> &Environment {
        match self {
            Self::Compare(report) => &report.environment,
            Self::Sweep(report) => &report.environment,
            Self::Run(report) => &report.environment,
            Self::Profile(profile) => &profile.report.environment,
            Self::Doctor(report) => &report.environment,
        }
    }

    /// Returns the command line that made the results.
    pub fn command_line(&self) -> &[String] {
        match self {
            Self::Compare(report) => &report.command_line,
            Self::Sweep(report) => &report.command_line,
            Self::Run(report) => &report.command_line,
            Self::Profile(profile) => &profile.report.command_line,
            Self::Doctor(report) => &report.command_line,
        }
    }

    /// Returns the trackers that were measured.
    pub fn trackers(&self) -> Vec<&str> {
        let reports = match self {
            Self::Compare(report) => &report.trackers[..],
            Self::Sweep(report) => report
                .points
                .first()
                .map_or(&[][..], |point| &point.trackers),
            Self::Run(report) => return report.tracker.as_deref().into_iter().collect(),
            Self::Profile(profile) => {
                let runs = profile.report.trackers.iter();
                return runs.map(|run| &run.name[..]).collect();
            }
            Self::Doctor(_) => &[],
        };
        reports.iter().map(|report| &report.tracker[..]).collect()
    }
}
