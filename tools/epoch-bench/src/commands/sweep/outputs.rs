// SPDX-License-Identifier: MIT OR Apache-2.0

//! Output files of a sweep.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use epoch_results::record::{self, SweepReport};
use host::destination::Destination;
use host::error::UsageError;

use crate::cli::SweepArgs;
use crate::commands::pictures::Pictures;
use crate::commands::setup::{check_distinct, command_line, open_destination};

/// Output files that the command line names.
pub struct Outputs {
    json: Option<Destination>,
    csv: Option<Destination>,
    pictures: Pictures,
}

type Content<'a> = &'a dyn Fn(&mut dyn Write) -> Result<()>;

impl Outputs {
    /// Opens the files, and so checks that they can be written.
    pub fn open(args: &SweepArgs) -> Result<Self> {
        let json = match (&args.measure.json, &args.resume) {
            (None, Some(path)) => ("--resume", Some(path.as_path())),
            (path, _) => ("--json", path.as_deref()),
        };
        let [svg, png] = args.pictures.named();
        let csv = ("--csv", args.csv.as_deref());
        check_distinct(&[json, csv, svg, png])?;
        let open = |(option, path)| open_destination(option, path);
        Ok(Self {
            json: open(json)?,
            csv: open(csv)?,
            pictures: Pictures::open(&args.pictures)?,
        })
    }

    /// Saves the points so far, so that the sweep can be resumed.
    pub fn keep(&self, report: &SweepReport) -> Result<()> {
        let json = self.json.as_ref();
        json.map_or(Ok(()), |json| {
            json.checkpoint(|out| record::write(out, report))
        })
    }

    /// Adds to an error that ended the sweep which results are left, and how to resume.
    pub fn explain(&self, error: anyhow::Error, report: &SweepReport) -> anyhow::Error {
        if error.is::<UsageError>() {
            return error;
        }
        let json = self.json.as_ref();
        let kept = json.filter(|json| json.can_be_replaced());
        let left = match (kept, report.points.len()) {
            (_, 0) => "no number of tasks was complete, so nothing is saved".into(),
            (None, _) => {
                "what was measured is lost: with --json FILE, it would have been kept".into()
            }
            (Some(json), done) => format!(
                "{done} of {} numbers of tasks are in {}; to resume, run\n  {}",
                done + report.missing().len(),
                json.path().display(),
                self.command(json)
            ),
        };
        anyhow!("{error:#}; {left}")
    }

    /// Returns the command that resumes the sweep.
    fn command(&self, json: &Destination) -> String {
        let program = command_line().into_iter().next();
        let mut words = vec![
            program.unwrap_or_else(|| "epoch-bench".into()),
            "sweep".into(),
        ];
        let csv = self.csv.iter().map(|csv| ("--csv", csv));
        let files = [("--resume", json)].into_iter().chain(csv);
        for (option, file) in files.chain(self.pictures.destinations()) {
            words.extend([option.into(), shell_word(file.path())]);
        }
        words.join(" ")
    }

    /// Writes all files; each is written even if another cannot be.
    pub fn deliver(self, report: &SweepReport) -> Result<()> {
        let write = |destination: Option<Destination>, content: Content<'_>| {
            destination.map_or(Ok(()), |destination| destination.write(content))
        };
        let saved = write(self.json, &|out| record::write(out, report));
        let listed = write(self.csv, &|out| crate::show::sweep::write_csv(report, out));
        let drawn = self.pictures.deliver(|| crate::show::svg::curves(report));
        saved.and(listed).and(drawn)
    }
}

/// Quotes a path for a shell.
fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if path.chars().all(plain) {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::PictureArgs;
    use epoch_results::examples::{example_sweep as example, sweep as report};
    use host::error::{Interrupted, exit_code};

    fn outputs(json: &Path, svg: Option<&Path>) -> Outputs {
        Outputs {
            json: Some(Destination::open("--json", json).unwrap()),
            csv: None,
            pictures: Pictures::open(&PictureArgs {
                svg: svg.map(Path::to_owned),
                png: None,
            })
            .unwrap(),
        }
    }

    fn interrupted(outputs: &Outputs, report: &SweepReport) -> String {
        let error = outputs.explain(Interrupted.into(), report);
        assert_eq!(exit_code(&error), 1);
        error.to_string()
    }

    #[test]
    fn the_command_that_goes_on_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (json, svg) = (dir.path().join("a b.json"), dir.path().join("x.svg"));
        let outputs = outputs(&json, Some(&svg));
        outputs.keep(&example()).unwrap();
        assert!(json.exists() && !svg.exists());
        let message = interrupted(&outputs, &example());
        let begin = "interrupted; 4 of 4 numbers of tasks are in ";
        assert!(message.starts_with(begin), "{message}");
        let end = format!(
            " sweep --resume '{}' --svg {}",
            json.display(),
            svg.display()
        );
        assert!(message.ends_with(&end), "{message}");
    }

    #[test]
    fn lost_results_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = outputs(&dir.path().join("x"), None);
        let message = interrupted(&file, &report(&[]));
        assert!(message.ends_with("nothing is saved"), "{message}");
        let stream = outputs(Path::new("/dev/null"), None);
        let message = interrupted(&stream, &example());
        assert!(message.contains("with --json FILE"), "{message}");
    }

    #[test]
    fn shells_see_one_word() {
        assert_eq!(shell_word(Path::new("/tmp/a-b.json")), "/tmp/a-b.json");
        assert_eq!(shell_word(Path::new("it's")), r"'it'\''s'");
        assert_eq!(shell_word(Path::new("a b")), "'a b'");
    }
}
