// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of measurements: the files that `--json` writes, and the structures in them.
//!
//! Every file is one object. `schema` names its form: a change that would break a reader gets
//! another number. All rates are iterations per second, all intervals nanoseconds of
//! `CLOCK_MONOTONIC`. A model, which is not measured, is called a model: the `usl` of a sweep,
//! whose form is [`SweepReport`].

mod activity;
mod compare;
mod hook;
mod options;
mod profile;
mod run;
mod sample;
mod sweep;
mod torture;
mod workload;

use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

pub use activity::ActivityPerIteration;
pub use compare::{
    CompareReport, Comparison, Equivalence, Evidence, FalsePositives, MAX_TRACKERS, Rate, Repeat,
    Statistics, TrackerReport,
};
pub use hook::{HookCost, HookReport, HookRun};
pub use options::Options;
pub use profile::{
    Change, Difference, EventReport, Function, ProfileReport, Share, Source, TrackerProfile,
};
pub use run::RunReport;
pub use sample::{Reading, Sample, TaskSample, average};
pub use sweep::{Estimate, Model, Peak, Point, Settings, SweepReport};
pub use torture::{TortureReport, Tortured};
pub use workload::{Carrier, Where, Workload};

/// The highest number that a form of files has.
const NEWEST: u32 = 1;

/// Returns the form of a file.
pub fn schema(json: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }

    ensure!(
        !json.starts_with(&[0x1f, 0x8b]),
        "it is compressed: unpack it with gunzip"
    );
    ensure!(
        !json.starts_with(b"\xef\xbb\xbf"),
        "it begins with a byte order mark (BOM), which JSON has none of: remove it"
    );
    let Head { schema } =
        serde_json::from_slice(json).context("it is not one of epoch-bench's files")?;
    ensure!(
        !is_newer(&schema),
        "it holds {schema}, which a newer epoch-bench has written: use that, or one that is newer"
    );
    Ok(schema)
}

/// Returns whether a form of files has a number that no command of this version writes.
fn is_newer(schema: &str) -> bool {
    let number = schema
        .strip_prefix("epoch-bench/")
        .and_then(|rest| rest.split_once('/'));
    number.is_some_and(|(_, number)| number.parse().is_ok_and(|number: u32| number > NEWEST))
}

/// Refuses files of another form.
fn expect_schema(json: &[u8], expected: &str) -> Result<()> {
    let schema = schema(json)?;
    ensure!(schema == expected, "it holds {schema}, not {expected}");
    Ok(())
}

/// Writes a report.
pub fn write(out: &mut dyn Write, report: &impl Serialize) -> Result<()> {
    // An error of the file as it is, which serde_json hides.
    serde_json::to_writer_pretty(&mut *out, report).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_read_say_what_to_do() {
        for (file, advice) in [
            (
                &br#"{"schema":"epoch-bench/compare/2"}"#[..],
                "a newer epoch-bench",
            ),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"{}", "not one of epoch-bench's files"),
        ] {
            let error = schema(file).unwrap_err();
            assert!(error.to_string().contains(advice), "{error:#}");
        }
        assert_eq!(schema(br#"{"schema":"other/9"}"#).unwrap(), "other/9");
    }
}
