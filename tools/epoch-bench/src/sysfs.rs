//! Which tracker the module uses: `/sys/class/misc/epoch_bench/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;

use crate::device::not_loaded;
use crate::error::usage;

/// The module's folder in sysfs.
pub const CLASS_DIR: &str = "/sys/class/misc/epoch_bench";

/// Selects the tracker of the next run.
pub trait TrackerControl {
    /// The names that [`select`](Self::select) takes.
    fn available(&self) -> Result<Vec<String>>;
    /// The tracker that is selected now.
    fn current(&self) -> Result<String>;
    /// Selects another one; no worker may be running.
    fn select(&self, name: &str) -> Result<()>;
}

/// [`TrackerControl`] over sysfs.
pub struct Sysfs {
    dir: PathBuf,
}

impl Sysfs {
    /// The loaded module's.
    pub fn open() -> Result<Self> {
        Self::open_dir(Path::new(CLASS_DIR))
    }

    fn open_dir(dir: &Path) -> Result<Self> {
        if !dir.exists() {
            return Err(not_loaded());
        }
        Ok(Self { dir: dir.into() })
    }

    fn read(&self, attribute: &str) -> Result<String> {
        let path = self.dir.join(attribute);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}: run as root, with the module of this source loaded",
                path.display()
            )
        })?;
        Ok(text.trim().to_owned())
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
        let path = self.dir.join("tracker");
        fs::write(&path, name).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => anyhow!(
                "cannot select tracker '{name}' while workers run; end the other epoch-bench first, \
                     or wait until {}/workers is 0",
                self.dir.display()
            ),
            Some(Errno::EINVAL) => self.unknown(name),
            _ if error.kind() == io::ErrorKind::PermissionDenied => anyhow!(
                "cannot select tracker '{name}': {} is root's to write; run as root, or with \
                     sudo",
                path.display()
            ),
            _ => anyhow!(error).context(format!("cannot write {}", path.display())),
        })
    }
}

/// Refuses names that the module does not have.
pub fn check_available(control: &dyn TrackerControl, names: &[String]) -> Result<()> {
    let available = control.available()?;
    match names.iter().find(|name| !available.contains(name)) {
        None => Ok(()),
        Some(name) => Err(usage(format!(
            "the module has no tracker '{name}': choose one of {}",
            available.join(", ")
        ))),
    }
}

/// Puts the tracker back that was selected when it was made.
pub struct TrackerGuard<'a> {
    control: &'a dyn TrackerControl,
    before: Option<String>,
}

impl<'a> TrackerGuard<'a> {
    /// Remembers the tracker that is selected now.
    pub fn new(control: &'a dyn TrackerControl) -> Result<Self> {
        Ok(Self {
            control,
            before: Some(control.current()?),
        })
    }

    /// Puts it back; the same happens on drop, where errors are lost.
    pub fn restore(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        self.control
            .select(&before)
            .with_context(|| format!("tracker '{before}' could not be put back"))
    }
}

impl Drop for TrackerGuard<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
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
        let error = check_available(&sysfs, &["epoch".into(), "rcu".into()]).unwrap_err();
        assert_eq!(crate::error::exit_code(&error), 2);
    }
}
