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

/// Interruption by SIGINT, SIGQUIT, SIGTERM or SIGHUP: everything is restored, then the signal ends
/// the program.
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

/// Formats an error with its causes, for a terminal.
pub fn describe(error: &anyhow::Error) -> String {
    if is_unread(error) {
        return "nobody reads the output any more".into();
    }
    printable(&format!("{error:#}"))
}

/// Characters of a message that are printed at its beginning, and at its end.
const BEGINNING: usize = 1500;
const END: usize = 500;

/// Returns a message that may quote files as it can be printed on a terminal: without control
/// characters, and no longer than a screen.
pub fn printable(message: &str) -> String {
    let count = message.chars().count();
    let mut text = String::new();
    for (index, c) in message.chars().enumerate() {
        if count > BEGINNING + END && index == BEGINNING {
            text.push_str(" ... ");
        }
        if count > BEGINNING + END && (BEGINNING..count - END).contains(&index) {
            continue;
        }
        match c {
            '\n' | '\t' => text.push(c),
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
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
    fn what_a_message_quotes_is_harmless_and_short() {
        assert_eq!(printable("a\tb\nä"), "a\tb\nä");
        assert_eq!(printable("\u{1b}[31m\r\u{9b}"), r"\u{1b}[31m\r\u{9b}");
        let long = printable(&format!("<{}>", "z".repeat(3_000_000)));
        assert_eq!(long.chars().count(), BEGINNING + " ... ".len() + END);
        assert!(long.starts_with("<z") && long.ends_with("z>"));
    }

    #[test]
    fn reader_that_has_gone_is_noticed() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_unread(&error) && describe(&error).contains("nobody reads"));
        let error = anyhow::anyhow!("inner").context("outer");
        assert_eq!(describe(&error), "outer: inner");
    }
}
