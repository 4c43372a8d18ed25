// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine as probes see it: files below a root, and properties that are in no file.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use host::hypervisor;

/// Properties of a machine that are in no file.
pub trait Host {
    /// Returns whether this process runs as root.
    fn is_root(&self) -> bool;
    /// Returns the name that the hypervisor gives itself, if there is one.
    fn hypervisor_signature(&self) -> String;
    /// Returns an environment variable.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// Returns the first line that a program prints for `--version`, or `None` if it does not run.
    fn version(&self, program: &str) -> Option<String>;
    /// Waits for this long.
    fn pause(&self, duration: Duration);
}

/// This machine.
struct ThisHost;

impl Host for ThisHost {
    fn is_root(&self) -> bool {
        nix::unistd::geteuid().is_root()
    }

    fn hypervisor_signature(&self) -> String {
        hypervisor::signature()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn version(&self, program: &str) -> Option<String> {
        let output = Command::new(program)
            .arg("--version")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next()?.trim();
        (output.status.success() && !line.is_empty()).then(|| line.to_owned())
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The machine that probes examine.
pub struct System {
    root: PathBuf,
    host: Box<dyn Host>,
}

impl System {
    /// Returns this machine.
    pub fn this() -> Self {
        Self::at(Path::new("/"), Box::new(ThisHost))
    }

    /// Returns a machine with files below another root, for tests.
    pub fn at(root: &Path, host: Box<dyn Host>) -> Self {
        Self {
            root: root.into(),
            host,
        }
    }

    /// Returns the properties that are in no file.
    pub fn host(&self) -> &dyn Host {
        &*self.host
    }

    /// Returns the path of a file of the machine. A relative path is left unchanged.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match path.strip_prefix("/") {
            Ok(below) => self.root.join(below),
            Err(_) => path.into(),
        }
    }

    /// Returns the content of a file without surrounding blanks, or `None` if there is no such
    /// file.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Option<String>> {
        match self.read_bytes(path)? {
            None => Ok(None),
            Some(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        }
    }

    /// Returns the content of a file, or `None` if there is no such file.
    pub fn read_bytes(&self, path: impl AsRef<Path>) -> io::Result<Option<Vec<u8>>> {
        unless_absent(fs::read(self.path(path)))
    }

    /// Returns the sorted names in a directory, or `None` if there is no such directory.
    pub fn list(&self, folder: impl AsRef<Path>) -> io::Result<Option<Vec<String>>> {
        let Some(entries) = unless_absent(fs::read_dir(self.path(folder)))? else {
            return Ok(None);
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(Some(names))
    }

    /// Returns whether there is such a file or directory.
    pub fn exists(&self, path: impl AsRef<Path>) -> io::Result<bool> {
        self.path(path).try_exists()
    }

    /// Returns the kernel's release, as `uname -r` prints it.
    pub fn release(&self) -> Option<String> {
        self.read("/proc/sys/kernel/osrelease").ok().flatten()
    }
}

fn unless_absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_run_have_a_version() {
        assert!(ThisHost.version("cargo").is_some());
        assert_eq!(ThisHost.version("no-such-program"), None);
        assert_eq!(ThisHost.version("false"), None);
    }

    #[test]
    fn absent_file_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let system = System::at(dir.path(), Box::new(ThisHost));
        assert!(system.read("/proc/none").unwrap().is_none());
        assert!(system.list("/proc").unwrap().is_none());
        assert!(!system.exists("/proc").unwrap());
        fs::create_dir(dir.path().join("proc")).unwrap();
        assert!(system.read("/proc").is_err());
        assert_eq!(system.list("/proc").unwrap(), Some(vec![]));
        assert_eq!(system.path("here"), Path::new("here"));
    }
}
