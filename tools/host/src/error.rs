// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors that determine the exit code.

use std::fmt;
use std::io;

/// Usage error: the command line asks for something that does not exist. Exit code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Interruption by SIGINT, SIGQUIT, SIGTERM or SIGHUP: everything is restored, exit code 1.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Creates an error about the command line.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

/// Returns the exit code of an error.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<UsageError>() { 2 } else { 1 }
}

/// Returns whether the reader of the output has gone.
pub fn is_unread(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Formats an error with its causes.
pub fn describe(error: &anyhow::Error) -> String {
    if is_unread(error) {
        return "nobody reads the output any more".into();
    }
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn only_bad_usage_exits_with_2() {
        assert_eq!(exit_code(&usage("no such thing")), 2);
        assert_eq!(exit_code(&Interrupted.into()), 1);
        assert_eq!(exit_code(&anyhow::anyhow!("broken")), 1);
        let wrapped = Err::<(), _>(usage("no such thing")).context("around it");
        assert_eq!(exit_code(&wrapped.unwrap_err()), 2);
    }

    #[test]
    fn reader_that_has_gone_is_noticed() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_unread(&error) && describe(&error).contains("nobody reads"));
        let error = anyhow::anyhow!("inner").context("outer");
        assert_eq!(describe(&error), "outer: inner");
    }
}
