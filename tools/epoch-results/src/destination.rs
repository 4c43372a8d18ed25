// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files named by options such as `--json`.
//!
//! They are opened before the measurement, so that a path that cannot be written is found early,
//! and written as a whole at its end, or whenever there is something to save.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// Target file of a report.
pub struct Destination {
    option: &'static str,
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A temporary file in the directory of a regular file; renamed to it at the end, so that a
    /// report is never incomplete.
    Replace(NamedTempFile),
    /// A pipe, a terminal, a device.
    Stream(File),
}

impl Destination {
    /// Makes sure that a report can be written to `path`, which `option` named.
    pub fn open(option: &'static str, path: &Path) -> Result<Self> {
        let target = Self::open_target(path).with_context(|| {
            format!(
                "{option} {}: cannot be written; name a file in an existing directory that you may \
                 write to",
                path.display()
            )
        })?;
        Ok(Self {
            option,
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
                // A write-protected file is left as it is.
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

    /// Writes the report so far with `content`, if it can be replaced later.
    pub fn checkpoint(&self, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        if self.can_be_replaced() {
            Self::open(self.option, &self.path)?.write(content)?;
        }
        Ok(())
    }

    /// Returns whether the written file can be replaced.
    pub fn can_be_replaced(&self) -> bool {
        matches!(self.target, Target::Replace(_))
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report with `content`.
    pub fn write(self, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let Self {
            option,
            path,
            target,
        } = self;
        let written = match target {
            Target::Replace(file) => write_to(file.as_file(), content)
                .and_then(|()| file.persist(&path).map_err(|error| error.error.into()))
                .map(drop),
            Target::Stream(file) => write_to(&file, content),
        };
        written.with_context(|| format!("{option} {}: the report is lost", path.display()))
    }
}

fn write_to(file: &File, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
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
        let destination = Destination::open("--json", &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn an_abandoned_report_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(Destination::open("--json", &dir.path().join("report.json")).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_report_that_fails_half_way_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(&path, "old").unwrap();
        let error = Destination::open("--json", &path)
            .unwrap()
            .write(|out| {
                out.write_all(b"ne")?;
                anyhow::bail!("no more")
            })
            .unwrap_err();
        assert!(error.to_string().contains("the report is lost"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn existing_file_can_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        let destination = Destination::open("--json", &path).unwrap();
        destination
            .checkpoint(|out| Ok(out.write_all(b"some")?))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "some");
        destination
            .checkpoint(|out| Ok(out.write_all(b"more")?))
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "more");
        drop(destination);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_kept_in_a_stream() {
        let destination = Destination::open("--json", Path::new("/dev/null")).unwrap();
        destination
            .checkpoint(|_| panic!("it was written"))
            .unwrap();
    }

    #[test]
    fn impossible_paths_are_found_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("none/report.json")] {
            let error = Destination::open("--json", &path).err().unwrap();
            assert!(error.to_string().contains("cannot be written"), "{error:#}");
        }
    }

    #[test]
    fn devices_are_written_to_and_not_replaced() {
        let destination = Destination::open("--json", Path::new("/dev/null")).unwrap();
        assert!(matches!(destination.target, Target::Stream(_)));
        destination.write(|out| Ok(out.write_all(b"new")?)).unwrap();
    }
}
