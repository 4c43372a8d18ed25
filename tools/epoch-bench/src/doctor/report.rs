// SPDX-License-Identifier: MIT OR Apache-2.0

//! Findings as text and as JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::{Result, ensure};
use console::Style;
use host::environment::Environment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use textwrap::{Options, WordSplitter};

use super::{Finding, Section, Status};

/// Width of the status column.
const STATUS: usize = 9;

/// Width of the subject column.
const SUBJECT: usize = 21;

/// `epoch-bench/doctor/1`: findings about a machine.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Report {
    /// [`SCHEMA`](Self::SCHEMA)
    #[schemars(description = "Names this form.", extend("const" = "epoch-bench/doctor/1"))]
    pub schema: Cow<'static, str>,
    /// The command line, with the program's name first.
    pub command_line: Vec<String>,
    /// Environment of the machine.
    pub environment: Environment,
    /// Number of findings that are [`Status::Missing`].
    pub missing: usize,
    /// The findings by topic, in the order in which they are printed.
    pub sections: Vec<Section>,
}

impl Report {
    /// Value of `schema` in these files.
    pub const SCHEMA: &'static str = "epoch-bench/doctor/1";

    /// Creates the report of this machine's findings.
    pub fn new(
        command_line: Vec<String>,
        environment: Environment,
        sections: Vec<Section>,
    ) -> Self {
        Self {
            schema: Self::SCHEMA.into(),
            command_line,
            environment,
            missing: count(&sections, Status::Missing),
            sections,
        }
    }

    /// Reads a report that was written as JSON.
    pub fn read(json: &[u8]) -> Result<Self> {
        let report: Self = serde_json::from_slice(json)?;
        let schema = &report.schema;
        ensure!(
            schema == Self::SCHEMA,
            "it holds {schema}, not {}",
            Self::SCHEMA
        );
        Ok(report)
    }

    /// Writes a line for each finding, of at most `width` characters if given, with a coloured
    /// status if `colour`.
    pub fn write(&self, out: &mut dyn Write, width: Option<usize>, colour: bool) -> io::Result<()> {
        for section in &self.sections {
            writeln!(out, "{}", section.topic.title())?;
            for finding in &section.findings {
                let line = line(finding, width);
                // One byte per character, and never wrapped.
                let (status, rest) = line.split_at(STATUS);
                let style = style(finding.status).force_styling(colour);
                let word = status.trim_end();
                let blanks = &status[word.len()..];
                writeln!(out, "{}{blanks}{rest}", style.apply_to(word))?;
            }
            writeln!(out)?;
        }
        let number = |status| count(&self.sections, status);
        writeln!(
            out,
            "{} missing, {} warnings, {} unknown, {} ok",
            number(Status::Missing),
            number(Status::Warn),
            number(Status::Unknown),
            number(Status::Ok)
        )
    }
}

fn count(sections: &[Section], status: Status) -> usize {
    let findings = sections.iter().flat_map(|section| &section.findings);
    findings.filter(|finding| finding.status == status).count()
}

fn line(finding: &Finding, width: Option<usize>) -> String {
    let (status, subject) = (finding.status.word(), &finding.subject);
    let start = format!("{status:<STATUS$}{subject:<SUBJECT$}");
    let mut text = finding.found.clone();
    if let Some(fix) = &finding.fix {
        text = format!("{text}; fix: {fix}");
    }
    let indent = " ".repeat(STATUS + SUBJECT);
    match width {
        // A narrower terminal has no room next to the columns.
        Some(width) if width >= 2 * indent.len() => {
            let options = Options::new(width)
                .initial_indent(&start)
                .subsequent_indent(&indent)
                .break_words(false)
                .word_splitter(WordSplitter::NoHyphenation);
            textwrap::fill(&text, options)
        }
        _ => start + &text,
    }
}

fn style(status: Status) -> Style {
    match status {
        Status::Ok => Style::new().green(),
        Status::Warn => Style::new().yellow(),
        Status::Missing => Style::new().red().bold(),
        Status::Unknown => Style::new().magenta(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Topic;

    fn report() -> Report {
        let sections = vec![Section {
            topic: Topic::Build,
            findings: vec![
                Finding::ok("rustc", "the same"),
                Finding::warn("perf", "does not run", "install it"),
                Finding::missing(
                    "kernel tree",
                    "there is no /lib/modules/7.3/build",
                    "install the kernel's headers, or name another tree with --kdir",
                ),
                Finding::unknown("turbo", "no switch", "look elsewhere"),
            ],
        }];
        Report::new(
            vec!["epoch-bench".into()],
            Environment::detect(None),
            sections,
        )
    }

    fn text(width: Option<usize>, colour: bool) -> String {
        let mut out = Vec::new();
        report().write(&mut out, width, colour).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_is_a_line() {
        let expected = "\
Building the modules
OK       rustc                the same
WARN     perf                 does not run; fix: install it
MISSING  kernel tree          there is no /lib/modules/7.3/build; fix: install the kernel's \
headers, or name another tree with --kdir
UNKNOWN  turbo                no switch; fix: look elsewhere

1 missing, 1 warnings, 1 unknown, 1 ok
";
        assert_eq!(text(None, false), expected);
        assert_eq!(text(Some(20), false), expected);
    }

    #[test]
    fn on_a_terminal_it_is_wrapped_beside_the_columns() {
        let text = text(Some(70), false);
        let lines: Vec<_> = text.lines().skip(3).take(4).collect();
        let indent = " ".repeat(STATUS + SUBJECT);
        assert!(lines[0].starts_with("MISSING  kernel tree"), "{text}");
        assert!(lines[1].starts_with(&indent), "{text}");
        assert!(lines.iter().all(|line| line.len() <= 70), "{text}");
    }

    #[test]
    fn only_the_status_is_coloured() {
        let coloured = text(Some(70), true);
        assert!(
            coloured.contains("\u{1b}[32mOK\u{1b}[0m       rustc"),
            "{coloured}"
        );
        let plain = text(Some(70), false);
        assert!(!plain.contains('\u{1b}'));
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
    }

    #[test]
    fn json_has_the_findings_of_the_text() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["schema"], "epoch-bench/doctor/1");
        assert_eq!(json["missing"], 1);
        let section = &json["sections"][0];
        assert_eq!(section["topic"], "build");
        assert_eq!(
            section["findings"][1],
            serde_json::json!({
                "subject": "perf", "status": "warn", "found": "does not run", "fix": "install it",
            })
        );
        assert!(section["findings"][0].get("fix").is_none());
    }

    #[test]
    fn a_report_survives_being_saved() {
        let saved = serde_json::to_string(&report()).unwrap();
        let read = Report::read(saved.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), saved);
        let other = saved.replace("doctor/1", "doctor/2");
        let error = Report::read(other.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("it holds epoch-bench/doctor/2"),
            "{error}"
        );
    }
}
