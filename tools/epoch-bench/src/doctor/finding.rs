// SPDX-License-Identifier: MIT OR Apache-2.0

//! Findings of probes.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Severity of a finding.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// No action is needed.
    Ok,
    /// It works, but with fewer features, more slowly, or with doubtful results.
    Warn,
    /// Building the modules, loading them, or a command is impossible.
    Missing,
    /// It could not be determined.
    Unknown,
}

impl Status {
    /// Returns the word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Missing => "MISSING",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Result of one check.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Subject of the check; its name is stable, so that scripts may search for it.
    pub subject: Cow<'static, str>,
    /// Severity of the finding.
    pub status: Status,
    /// Observation.
    pub found: String,
    /// Suggested fix, unless no action is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// Creates a finding that needs no action.
    pub fn ok(subject: &'static str, found: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            status: Status::Ok,
            found: found.into(),
            fix: None,
        }
    }

    /// Creates a finding of something that works with restrictions.
    pub fn warn(subject: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            status: Status::Warn,
            fix: Some(fix.into()),
            ..Self::ok(subject, found)
        }
    }

    /// Creates a finding of something that is needed and missing.
    pub fn missing(
        subject: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Missing,
            ..Self::warn(subject, found, fix)
        }
    }

    /// Creates a finding of something that could not be determined; `fix` says how it could.
    pub fn unknown(
        subject: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Unknown,
            ..Self::warn(subject, found, fix)
        }
    }

    /// Creates a finding whose file cannot be read.
    pub fn unreadable(subject: &'static str, path: &Path, error: &io::Error) -> Self {
        let fix = match error.kind() {
            io::ErrorKind::PermissionDenied => "run 'sudo epoch-bench doctor'".to_owned(),
            _ => format!("see why 'cat {}' fails", path.display()),
        };
        Self::unknown(subject, format!("{}: {error}", path.display()), fix)
    }

    /// Turns a missing subject into a warning, since it is not needed now.
    #[must_use]
    pub fn excused(mut self, why: &str) -> Self {
        if self.status == Status::Missing {
            self.status = Status::Warn;
            self.found = format!("{} ({why})", self.found);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_excused() {
        let missing = Finding::missing("a", "not there", "get it").excused("not now");
        assert_eq!(missing.status, Status::Warn);
        assert_eq!(missing.found, "not there (not now)");
        let ok = Finding::ok("a", "there");
        assert_eq!(ok.clone().excused("not now"), ok);
    }

    #[test]
    fn unreadable_file_asks_for_root() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let finding = Finding::unreadable("a", Path::new("/proc/x"), &denied);
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.found.contains("/proc/x"));
        assert!(finding.fix.unwrap().contains("sudo"));
    }
}
