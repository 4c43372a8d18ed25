//! The files that `--json` writes.
//!
//! Every file is one object. `schema` names its form: a change that would break
//! a reader gets another number. All rates are iterations per second, all
//! intervals nanoseconds of `CLOCK_MONOTONIC`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::environment::Environment;
use crate::sample::Sample;
use crate::stats::{Comparison, Statistics};

/// `epoch-bench/run/1`: one tracker.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// `epoch-bench/run/1`
    pub schema: &'static str,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Where it ran.
    pub environment: Environment,
    /// What was measured.
    pub workload: Workload,
    /// The tracker, or null in user space, where there is none.
    pub tracker: Option<String>,
    /// Samples before the measurement, not counted.
    pub warmup: Vec<Sample>,
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// Of the samples' totals.
    pub statistics: Statistics,
}

/// `epoch-bench/compare/1`: several trackers, their samples interleaved.
#[derive(Debug, Serialize)]
pub struct CompareReport {
    /// `epoch-bench/compare/1`
    pub schema: &'static str,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Where it ran.
    pub environment: Environment,
    /// What was measured.
    pub workload: Workload,
    /// Confidence that a difference must reach, in percent.
    pub confidence_percent: f64,
    /// The trackers as named on the command line, the baseline first.
    pub trackers: Vec<TrackerReport>,
    /// All but the baseline against the baseline, in the same order.
    pub comparisons: Vec<Comparison>,
}

/// One tracker's part of a comparison.
#[derive(Debug, Serialize)]
pub struct TrackerReport {
    /// Its name.
    pub tracker: String,
    /// Samples before the measurement, not counted.
    pub warmup: Vec<Sample>,
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// Of the samples' totals.
    pub statistics: Statistics,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Workload {
    /// Name of the testcase.
    pub testcase: &'static str,
    /// `kernel` or `user`
    pub r#where: &'static str,
    /// `processes` or `threads`
    pub carrier: &'static str,
    /// Workers at the same time.
    pub tasks: usize,
    /// The CPU of each task, or null if they were not bound to any.
    pub cpus: Option<Vec<usize>>,
    /// Nominal length of a sample.
    pub interval_ms: u64,
}

/// Where a report will go. Made before the measurement, so that a path that
/// cannot be written is found while it costs nothing.
pub struct Destination {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// Beside a regular file, or where one will be; renamed to it at the end,
    /// so that there is never half a report.
    Replace(NamedTempFile),
    /// A pipe, a terminal, a device.
    Stream(File),
}

impl Destination {
    /// Makes sure that a report can be written to `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let target = Self::open_target(path).with_context(|| {
            format!(
                "--json {}: cannot be written; name a file in a folder that exists and is yours \
                 to write",
                path.display()
            )
        })?;
        Ok(Self {
            path: path.into(),
            target,
        })
    }

    fn open_target(path: &Path) -> io::Result<Target> {
        match std::fs::metadata(path) {
            Ok(meta) if !meta.is_file() => {
                Ok(Target::Stream(OpenOptions::new().write(true).open(path)?))
            }
            Ok(_) => {
                // A file that is write-protected stays as it is.
                OpenOptions::new().write(true).open(path)?;
                Self::beside(path)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(path),
            Err(error) => Err(error),
        }
    }

    fn beside(path: &Path) -> io::Result<Target> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no file name"))?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        let file = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)?;
        Ok(Target::Replace(file))
    }

    /// Writes the report.
    pub fn write(self, report: &impl Serialize) -> Result<()> {
        let Self { path, target } = self;
        let written = match target {
            Target::Replace(file) => write_to(file.as_file(), report)
                .and_then(|()| file.persist(&path).map_err(|error| error.error.into()))
                .map(drop),
            Target::Stream(file) => write_to(&file, report),
        };
        written.with_context(|| format!("--json {}: the report is lost", path.display()))
    }
}

fn write_to(file: &File, report: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_report_replaces_the_file_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let destination = Destination::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        destination.write(&[1, 2]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n  1,\n  2\n]\n");
    }

    #[test]
    fn an_abandoned_report_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(Destination::open(&dir.path().join("report.json")).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn impossible_paths_are_found_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("none/report.json")] {
            let error = Destination::open(&path).err().unwrap();
            assert!(error.to_string().contains("cannot be written"), "{error:#}");
        }
    }

    #[test]
    fn devices_are_written_to_and_not_replaced() {
        let destination = Destination::open(Path::new("/dev/null")).unwrap();
        assert!(matches!(destination.target, Target::Stream(_)));
        destination.write(&0).unwrap();
    }
}
