// SPDX-License-Identifier: MIT OR Apache-2.0

//! Settings of a sweep.

use std::path::Path;

use anyhow::Result;
use epoch_results::record::{Options, Settings};
use host::error::usage;
use host::topology;
use serde_json::Value;

use crate::cli::SweepArgs;

/// Returns the settings of a command line.
pub fn of(args: &SweepArgs) -> Result<Settings> {
    let mut tasks: Vec<_> = args.tasks.iter().map(|&tasks| tasks as usize).collect();
    if tasks.is_empty() {
        tasks = default_tasks(topology::allowed_cpus()?.len());
    }
    tasks.sort_unstable();
    tasks.dedup();
    Ok(Settings {
        tasks,
        trackers: args.trackers.clone(),
        warmup: args.warmup,
        samples: args.samples,
        measure: Options::from(&args.measure.options),
    })
}

/// Refuses options that differ from the settings of a file.
pub fn check(settings: &Settings, args: &SweepArgs, file: &Path) -> Result<()> {
    let asked = serde_json::to_value(of(args)?)?;
    let saved = serde_json::to_value(settings)?;
    for field in args.given.fields() {
        let (Some(asked), Some(saved)) = (asked.get(field), saved.get(field)) else {
            continue;
        };
        if asked != saved {
            return Err(otherwise(field, &in_words(asked), &in_words(saved), file));
        }
    }
    Ok(())
}

/// Returns the error of an option that differs from the file.
pub fn otherwise(field: &str, asked: &str, saved: &str, file: &Path) -> anyhow::Error {
    let file = file.display();
    let option = field.replace('_', "-");
    let begun = match saved {
        "" => format!("without --{option}"),
        saved => format!("with --{option} {saved}, not {asked}"),
    };
    usage(format!(
        "{file} was begun {begun}: leave it out to resume, or start again with --json"
    ))
}

/// Formats a value as on the command line; empty if the option would be absent.
fn in_words(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let words: Vec<_> = values.iter().map(in_words).collect();
            words.join(",")
        }
        value => value.to_string(),
    }
}

/// Returns 1, 2, 4, ... up to the number of CPUs.
fn default_tasks(cpus: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1_usize), |tasks| tasks.checked_mul(2));
    let mut tasks: Vec<_> = powers.take_while(|&tasks| tasks < cpus).collect();
    tasks.push(cpus);
    tasks
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use host::error;

    pub(crate) fn parse(options: &[&str]) -> SweepArgs {
        let args = ["epoch-bench", "sweep"].iter().chain(options);
        let Command::Sweep(args) = Cli::parse_from(args).command else {
            panic!("sweep was not parsed as such");
        };
        args
    }

    #[test]
    fn numbers_of_tasks_end_at_the_cpus() {
        assert_eq!(default_tasks(1), [1]);
        assert_eq!(default_tasks(8), [1, 2, 4, 8]);
        assert_eq!(default_tasks(12), [1, 2, 4, 8, 12]);
    }

    #[test]
    fn tasks_are_ascending() {
        let settings = of(&parse(&["--tasks", "8,1,8,2"])).unwrap();
        assert_eq!(settings.tasks, [1, 2, 8]);
    }

    #[test]
    fn settings_survive_being_saved() {
        let options = ["--tasks", "1,2", "--waiters", "2", "--keys", "7", "-n"];
        let settings = of(&parse(&options)).unwrap();
        let saved = serde_json::to_string(&settings).unwrap();
        let read: Settings = serde_json::from_str(&saved).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), saved);
        assert_eq!(read.measure.keys, Some(7));
        assert!(read.measure.no_affinity);
    }

    #[test]
    fn only_what_says_otherwise_is_refused() {
        let begun = ["--tasks", "1,2", "--samples", "9", "--trackers", "a,b"];
        let settings = of(&parse(&begun)).unwrap();
        let check =
            |options: &[&str]| super::check(&settings, &parse(options), Path::new("s.json"));
        check(&[]).unwrap();
        check(&begun).unwrap();
        check(&["--tasks", "2,1", "--json", "other.json"]).unwrap();
        for (options, message) in [
            (["--samples", "5"], "with --samples 9, not 5: leave it out"),
            (["-t", "1,2,4"], "with --tasks 1,2, not 1,2,4"),
            (["--trackers", "a"], "with --trackers a,b, not a"),
            (["--interval-ms", "20"], "with --interval-ms 1000, not 20"),
            (["--keys", "5"], "without --keys"),
            (["--where", "user"], "with --where kernel, not user"),
        ] {
            let error = check(&options).unwrap_err();
            assert_eq!(error::exit_code(&error), 2);
            let expected = format!("s.json was begun {message}");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        let error = check(&["--threads"]).unwrap_err();
        assert!(error.to_string().contains("without --threads"), "{error}");
    }
}
