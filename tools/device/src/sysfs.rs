// SPDX-License-Identifier: MIT OR Apache-2.0

//! Settings and state of the module: `/sys/class/misc/epoch_bench/`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;

use crate::device::not_loaded;
use host::error::usage;

/// The module's directory in sysfs.
pub const CLASS_DIR: &str = "/sys/class/misc/epoch_bench";

/// A tracker that the module has for tests only; it does not wait.
const BUSTED: &str = "busted";

/// Name on the command line that selects all trackers.
pub const ALL: &str = "all";

/// Lists and selects trackers.
pub trait TrackerControl {
    /// Returns the names that [`select`](Self::select) takes.
    fn available(&self) -> Result<Vec<String>>;
    /// Returns the selected tracker.
    fn current(&self) -> Result<String>;
    /// Selects a tracker, also under load: returns when all workers have switched to it.
    fn select(&self, name: &str) -> Result<()>;
}

/// [`TrackerControl`] over sysfs.
pub struct Sysfs {
    dir: PathBuf,
}

impl Sysfs {
    /// Opens the directory of the loaded module.
    pub fn open() -> Result<Self> {
        Self::open_dir(Path::new(CLASS_DIR))
    }

    /// Opens another directory, for tests.
    pub(crate) fn open_dir(dir: &Path) -> Result<Self> {
        if !dir.exists() {
            return Err(not_loaded());
        }
        Ok(Self { dir: dir.into() })
    }

    /// Reads an attribute of the directory, without the newline.
    pub fn read(&self, attribute: &str) -> Result<String> {
        let path = self.path(attribute);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}: run as root, with the module of this source loaded",
                path.display()
            )
        })?;
        Ok(text.trim().to_owned())
    }

    /// Writes an attribute of the directory. The caller explains errors.
    pub fn write(&self, attribute: &str, value: &str) -> io::Result<()> {
        // The newline is needed for an empty value, which would not be written at all.
        fs::write(self.path(attribute), format!("{value}\n"))
    }

    /// Returns the path of an attribute.
    pub fn path(&self, attribute: &str) -> PathBuf {
        self.dir.join(attribute)
    }

    /// Explains a failed write of an attribute, as far as the reasons are common to all attributes.
    pub fn cannot_write(&self, attribute: &str, error: io::Error) -> anyhow::Error {
        let path = self.path(attribute);
        let shown = path.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                anyhow!("only root can write {shown}: run as root, or with sudo")
            }
            io::ErrorKind::NotFound => {
                anyhow!("there is no {shown}: load the module of this source")
            }
            _ => anyhow!(error).context(format!(
                "cannot write {shown}: the kernel log ('dmesg') says why"
            )),
        }
    }

    fn unknown(&self, name: &str) -> anyhow::Error {
        let known = self.available().unwrap_or_default().join(", ");
        anyhow!("the module has no tracker '{name}': choose one of {known}")
    }
}

impl TrackerControl for Sysfs {
    fn available(&self) -> Result<Vec<String>> {
        let names = self.read("available_trackers")?;
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }

    fn current(&self) -> Result<String> {
        self.read("tracker")
    }

    fn select(&self, name: &str) -> Result<()> {
        if !self.available()?.iter().any(|known| known == name) {
            return Err(self.unknown(name));
        }
        if self.current()? == name {
            return Ok(());
        }
        self.write("tracker", name).map_err(|error| {
            match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EINVAL) => anyhow!(
                    "cannot select tracker '{name}', which sleeps, while a probe hooks calls: run \
                     'echo 0 >{}', or take another tracker",
                    self.path("hook/enable").display()
                ),
                _ => self.cannot_write("tracker", error),
            }
        })
    }
}

/// Returns the trackers that the command line names, or with [`ALL`] all that can be measured.
/// Refuses names that the module does not have.
pub fn named_trackers(control: &dyn TrackerControl, names: &[String]) -> Result<Vec<String>> {
    let available = control.available()?;
    if names == [ALL] {
        let real = available.into_iter().filter(|name| name != BUSTED);
        return Ok(real.collect());
    }
    match names.iter().find(|name| !available.contains(name)) {
        None => Ok(names.to_vec()),
        Some(name) if name == ALL => Err(usage("'all' selects all trackers: name no others")),
        Some(name) => Err(usage(format!(
            "the module has no tracker '{name}': choose one of {}",
            available.join(", ")
        ))),
    }
}

/// Guard that restores the tracker that was selected when the guard was created.
pub struct TrackerGuard<'a> {
    control: &'a dyn TrackerControl,
    before: Option<String>,
}

impl<'a> TrackerGuard<'a> {
    /// Saves the tracker that is selected now.
    pub fn new(control: &'a dyn TrackerControl) -> Result<Self> {
        Ok(Self {
            control,
            before: Some(control.current()?),
        })
    }

    /// Restores the tracker. Drop does the same, but ignores errors.
    pub fn restore(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        self.control
            .select(&before)
            .with_context(|| format!("tracker '{before}' could not be restored"))
    }
}

impl Drop for TrackerGuard<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

/// Guard that restores the content of an attribute on drop.
pub struct FileGuard<'a> {
    sysfs: &'a Sysfs,
    attribute: &'static str,
    before: String,
}

impl<'a> FileGuard<'a> {
    /// Writes another value to an attribute.
    pub fn write(sysfs: &'a Sysfs, attribute: &'static str, value: &str) -> Result<Self> {
        let before = sysfs.read(attribute)?;
        let guard = Self {
            sysfs,
            attribute,
            before,
        };
        sysfs
            .write(attribute, value)
            .map_err(|error| sysfs.cannot_write(attribute, error))?;
        Ok(guard)
    }
}

impl Drop for FileGuard<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.sysfs.write(self.attribute, &self.before) {
            let error = self.sysfs.cannot_write(self.attribute, error);
            let _ = writeln!(
                io::stderr(),
                "epoch-bench: {error:#}: it was '{}'",
                self.before
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake_class() -> (tempfile::TempDir, Sysfs) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("tracker"), "mutex\n").unwrap();
        fs::write(dir.path().join("available_trackers"), "none mutex epoch\n").unwrap();
        let sysfs = Sysfs::open_dir(dir.path()).unwrap();
        (dir, sysfs)
    }

    #[test]
    fn an_absent_module_is_explained() {
        let error = Sysfs::open_dir(Path::new("/nonexistent")).err().unwrap();
        assert!(error.to_string().contains("insmod epoch_bench.ko"));
    }

    #[test]
    fn trackers_are_selected_and_put_back() {
        let (_dir, sysfs) = fake_class();
        assert_eq!(sysfs.available().unwrap(), ["none", "mutex", "epoch"]);
        let guard = TrackerGuard::new(&sysfs).unwrap();
        sysfs.select("epoch").unwrap();
        assert_eq!(sysfs.current().unwrap(), "epoch");
        guard.restore().unwrap();
        assert_eq!(sysfs.current().unwrap(), "mutex");

        let guard = TrackerGuard::new(&sysfs).unwrap();
        sysfs.select("none").unwrap();
        drop(guard);
        assert_eq!(sysfs.current().unwrap(), "mutex");
    }

    #[test]
    fn unknown_trackers_are_refused_with_the_list() {
        let (_dir, sysfs) = fake_class();
        let error = sysfs.select("mutec").unwrap_err().to_string();
        assert!(error.contains("none, mutex, epoch"), "{error}");
        assert_eq!(sysfs.current().unwrap(), "mutex");
        let error = named_trackers(&sysfs, &["epoch".into(), "rcu".into()]).unwrap_err();
        assert_eq!(host::error::exit_code(&error), 2);
    }

    #[test]
    fn all_means_the_available_trackers() {
        let (dir, sysfs) = fake_class();
        fs::write(
            dir.path().join("available_trackers"),
            "none mutex epoch busted\n",
        )
        .unwrap();
        let named = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            named_trackers(&sysfs, &names)
        };
        assert_eq!(named(&["all"]).unwrap(), ["none", "mutex", "epoch"]);
        assert_eq!(named(&["busted", "epoch"]).unwrap(), ["busted", "epoch"]);
        let error = named(&["epoch", "all"]).unwrap_err().to_string();
        assert!(error.contains("name no others"), "{error}");
    }

    #[test]
    fn a_file_is_put_back() {
        let (dir, sysfs) = fake_class();
        fs::write(dir.path().join("verify"), "0\n").unwrap();
        let guard = FileGuard::write(&sysfs, "verify", "1").unwrap();
        assert_eq!(sysfs.read("verify").unwrap(), "1");
        drop(guard);
        assert_eq!(sysfs.read("verify").unwrap(), "0");
    }
}
