// SPDX-License-Identifier: MIT OR Apache-2.0

//! State of all epochs of the machine: `/sys/kernel/epoch/`, which belongs to epoch.ko.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::durations::Durations;

/// Directory of the epochs.
pub const DIR: &str = "/sys/kernel/epoch";

/// The epochs of the machine.
pub struct Epochs {
    dir: PathBuf,
}

/// State of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// Name of its directory.
    pub name: String,
    /// Sections that are open.
    pub readers: u64,
    /// Grace periods that have ended.
    pub grace_periods: u64,
    /// Those among them that were expedited.
    pub expedited: u64,
    /// Length of the last grace period.
    pub last_ns: u64,
    /// Length of the longest grace period.
    pub longest_ns: u64,
    /// Callbacks that were queued and have not returned.
    pub pending: u64,
    /// Callbacks that were invoked.
    pub invoked: u64,
    /// Most callbacks that were pending at a time.
    pub peak: u64,
    /// Stalls that were reported.
    pub stalls: u64,
    /// Durations of the grace periods.
    pub durations: Durations,
    /// Times from the queueing of a callback to its return, at most.
    pub latencies: Durations,
}

/// State of all epochs at a moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Time of the reading.
    pub at: Instant,
    /// The epochs by name.
    pub epochs: Vec<Epoch>,
}

impl Snapshot {
    /// Returns the epoch of this name.
    pub fn epoch(&self, name: &str) -> Option<&Epoch> {
        self.epochs.iter().find(|epoch| epoch.name == name)
    }
}

impl Epochs {
    /// Opens the directory of the loaded module.
    pub fn open() -> Result<Self> {
        Self::open_dir(Path::new(DIR))
    }

    /// Opens another directory, for tests.
    pub fn open_dir(dir: &Path) -> Result<Self> {
        if !dir.is_dir() {
            bail!(
                "{} is not there: epoch.ko is not loaded ('insmod epoch.ko'; 'epoch-bench doctor' \
                 says what it takes)",
                dir.display()
            );
        }
        Ok(Self { dir: dir.into() })
    }

    /// Reads the state of all epochs. One that is freed during the call is left out.
    pub fn read(&self) -> Result<Snapshot> {
        let at = Instant::now();
        let entries = fs::read_dir(&self.dir).with_context(|| {
            format!("cannot read {}: was epoch.ko unloaded?", self.dir.display())
        })?;
        let mut epochs = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                epochs.extend(epoch(&path)?);
            }
        }
        epochs.sort_by(|one: &Epoch, other| one.name.cmp(&other.name));
        Ok(Snapshot { at, epochs })
    }
}

/// Reads an epoch's directory; `None` if the epoch was freed.
fn epoch(dir: &Path) -> Result<Option<Epoch>> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let mut epoch = Epoch {
        name: name.into_owned(),
        ..Epoch::default()
    };
    for (file, value) in [
        ("readers", &mut epoch.readers),
        ("grace_periods", &mut epoch.grace_periods),
        ("expedited", &mut epoch.expedited),
        ("grace_period_last_ns", &mut epoch.last_ns),
        ("grace_period_max_ns", &mut epoch.longest_ns),
        ("callbacks_pending", &mut epoch.pending),
        ("callbacks_invoked", &mut epoch.invoked),
        ("callbacks_peak", &mut epoch.peak),
        ("stalls", &mut epoch.stalls),
    ] {
        let Some(number) = value_of(&dir.join(file), "number")? else {
            return Ok(None);
        };
        *value = number;
    }
    for (file, value) in [
        ("grace_period_histogram", &mut epoch.durations),
        ("callback_latency_histogram", &mut epoch.latencies),
    ] {
        // An older module has none.
        *value = value_of(&dir.join(file), "histogram")?.unwrap_or_default();
    }
    Ok(Some(epoch))
}

/// Reads a value, which must be what `kind` says; `None` if there is no such file.
fn value_of<T>(path: &Path, kind: &str) -> Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // ENODEV, or the directory has gone.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(nix::libc::ENODEV) => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let value = text.trim().parse();
    let value =
        value.with_context(|| format!("{} is no {kind}: '{}'", path.display(), text.trim()))?;
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_directory_is_an_epoch() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Epochs::open_dir(&dir.path().join("none")).is_err());
        let epochs = Epochs::open_dir(dir.path()).unwrap();
        assert!(epochs.read().unwrap().epochs.is_empty());
        for (name, invoked) in [("b", 7), ("a", 8)] {
            let epoch = dir.path().join(name);
            fs::create_dir(&epoch).unwrap();
            for file in [
                "readers",
                "grace_periods",
                "expedited",
                "grace_period_last_ns",
                "grace_period_max_ns",
                "callbacks_pending",
                "callbacks_peak",
                "stalls",
            ] {
                fs::write(epoch.join(file), "3\n").unwrap();
            }
            fs::write(epoch.join("callbacks_invoked"), format!("{invoked}\n")).unwrap();
        }
        // Older modules have no histograms.
        fs::write(dir.path().join("b/grace_period_histogram"), "0 4 0\n").unwrap();
        let read = epochs.read().unwrap().epochs;
        assert_eq!(
            (&read[0].name[..], read[0].invoked, read[0].stalls),
            ("a", 8, 3)
        );
        assert_eq!((&read[1].name[..], read[1].invoked), ("b", 7));
        assert_eq!(
            [0, 1].map(|index| read[index].durations.count()),
            [0, 4],
            "{read:?}"
        );
        // Freed while it is read.
        fs::remove_file(dir.path().join("a/stalls")).unwrap();
        assert_eq!(epochs.read().unwrap().epochs.len(), 1);
        fs::write(dir.path().join("b/stalls"), "x").unwrap();
        let error = epochs.read().unwrap_err().to_string();
        assert!(error.contains("b/stalls is no number: 'x'"), "{error}");
    }
}
