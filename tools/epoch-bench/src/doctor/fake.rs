// SPDX-License-Identifier: MIT OR Apache-2.0

//! Machines made of a directory, for tests.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::finding::{Finding, Status};
use super::system::{Host, System};

/// A fake machine under construction.
pub struct Fake {
    dir: tempfile::TempDir,
    host: FakeHost,
}

#[derive(Clone, Default)]
struct FakeHost {
    user: bool,
    signature: String,
    variables: HashMap<String, String>,
    versions: HashMap<String, String>,
    /// A file, and its content after a pause.
    later: Option<(std::path::PathBuf, String)>,
}

impl Host for FakeHost {
    fn is_root(&self) -> bool {
        !self.user
    }

    fn hypervisor_signature(&self) -> String {
        self.signature.clone()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(OsString::from)
    }

    fn version(&self, program: &str) -> Option<String> {
        self.versions.get(program).cloned()
    }

    fn pause(&self, _duration: Duration) {
        if let Some((path, text)) = &self.later {
            fs::write(path, text).unwrap();
        }
    }
}

impl Fake {
    /// Creates a machine with kernel 7.3, and nothing else.
    pub fn new() -> Self {
        let fake = Self {
            dir: tempfile::tempdir().unwrap(),
            host: FakeHost::default(),
        };
        fake.file("/proc/sys/kernel/osrelease", "7.3\n")
    }

    /// Adds a file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.place(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Adds a directory in place of a file, so that reading it fails.
    pub fn unreadable(self, path: &str) -> Self {
        fs::create_dir_all(self.place(path)).unwrap();
        self
    }

    /// Removes a file or directory.
    pub fn without(self, path: &str) -> Self {
        let path = self.place(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        self
    }

    /// Makes a file's content change after a pause.
    pub fn later(mut self, path: &str, content: &str) -> Self {
        self.host.later = Some((self.place(path), content.into()));
        self
    }

    /// Adds a program.
    pub fn program(mut self, name: &str, version: &str) -> Self {
        self.host.versions.insert(name.into(), version.into());
        self
    }

    /// Removes a program.
    pub fn no_program(mut self, name: &str) -> Self {
        self.host.versions.remove(name);
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.host.variables.insert(name.into(), value.into());
        self
    }

    /// Adds a hypervisor.
    pub fn hypervisor(mut self, signature: &str) -> Self {
        self.host.signature = signature.into();
        self.file("/proc/cpuinfo", "flags\t: fpu hypervisor\n")
    }

    /// Makes the user not root.
    pub fn by_user(mut self) -> Self {
        self.host.user = true;
        self
    }

    /// Returns the machine.
    pub fn system(&self) -> System {
        System::at(self.dir.path(), Box::new(self.host.clone()))
    }

    /// Returns where a file of the machine is.
    pub fn place(&self, path: &str) -> std::path::PathBuf {
        self.dir
            .path()
            .join(Path::new(path).strip_prefix("/").unwrap())
    }
}

/// Asserts that the finding of this subject has that status, and that its text contains these
/// words.
#[track_caller]
pub fn expect(findings: &[Finding], subject: &str, status: Status, words: &[&str]) {
    let finding = findings.iter().find(|finding| finding.subject == subject);
    let finding = finding.unwrap_or_else(|| panic!("no {subject} in {findings:?}"));
    let text = format!("{}: {:?}", finding.found, finding.fix);
    assert_eq!(finding.status, status, "{subject}: {text}");
    assert_eq!(
        finding.fix.is_none(),
        status == Status::Ok,
        "{subject}: {text}"
    );
    for word in words {
        assert!(text.contains(word), "{subject}: no '{word}' in {text}");
    }
}
