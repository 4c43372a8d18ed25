// SPDX-License-Identifier: MIT OR Apache-2.0

//! Output as will-it-scale's own scripts read it.
//!
//! `runtest.py` (github.com/antonblanchard/will-it-scale) starts a testcase with `-t` and `-s`,
//! once with processes and once with threads, and looks at each line of its standard output: a line
//! that contains `testcase:` must have exactly one colon, followed by the title; a line that
//! contains `average:` must have exactly one colon, followed by a number for Python's `int()`. The
//! last of each counts, and all other lines are ignored. A line of ours that contained one of these
//! words by chance would break it, and a missing one would be -1.

use std::process::{Command, Stdio};

/// Values that the script takes from a program's output.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    /// Title that the script writes to the testcase's `.title`.
    title: String,
    /// Value that the script puts into its table.
    average: i64,
}

impl Read {
    /// Parses output as the script does; an error is returned where Python would raise one.
    fn from(output: &str) -> Result<Self, String> {
        let mut read = Self {
            title: String::new(),
            average: -1,
        };
        for line in output.split_inclusive('\n') {
            if line.contains("testcase:") {
                read.title = after_colon(line)?.to_owned();
            }
            if line.contains("average:") {
                let value = after_colon(line)?.trim();
                read.average = value.parse().map_err(|_| format!("int({value:?})"))?;
            }
        }
        Ok(read)
    }
}

/// `(name, value) = line.split(':')`
fn after_colon(line: &str) -> Result<&str, String> {
    match line.split(':').collect::<Vec<_>>()[..] {
        [_, value] => Ok(value),
        _ => Err(format!("cannot unpack {line:?}")),
    }
}

fn run(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(["run", "--where", "user", "--interval-ms", "20"])
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the totals of the measured samples, from the lines for humans.
fn totals(output: &str) -> Vec<i64> {
    let (_, measurement) = output.split_once("\nmeasurement\n").unwrap();
    let samples = measurement.lines().filter(|line| line.starts_with("min:"));
    samples
        .map(|line| line.rsplit_once("total:").unwrap().1.parse().unwrap())
        .collect()
}

#[test]
fn runtest_reads_what_run_prints() {
    let titles = [
        ("mmap1", "Anonymous memory mmap/munmap of 128MB\n"),
        (
            "mmap1-touch",
            "Anonymous memory mmap/touch/munmap of 128MB, 1 page\n",
        ),
        (
            "page-fault",
            "Anonymous memory mmap/touch/munmap of one page\n",
        ),
    ];
    for (testcase, title) in titles {
        for options in [&["-v"][..], &["--threads"]] {
            let args = [&["--testcase", testcase, "-t", "2", "-s", "3"], options].concat();
            let output = run(&args);
            let read = Read::from(&output).unwrap();
            assert_eq!(read.title, title);
            let totals = totals(&output);
            assert_eq!(totals.len(), 3, "{output}");
            assert_eq!(read.average, totals.iter().sum::<i64>() / 3);
            assert!(read.average > 0, "{output}");
        }
    }
}

#[test]
fn the_reader_is_as_strict_as_python() {
    let good = "testcase:A title\nwarmup\nmin:1 max:2 total:3\naverage:3\n";
    let read = Read::from(good).unwrap();
    assert_eq!((read.title.as_str(), read.average), ("A title\n", 3));
    let refused = |from: &str, to: &str| Read::from(&good.replace(from, to)).unwrap_err();
    assert!(refused("A title", "A: title").starts_with("cannot unpack"));
    assert!(refused("average:3", "average:3.5").starts_with("int("));
    assert!(refused("warmup", "the average: of all: 3").starts_with("cannot unpack"));
    assert_eq!(Read::from("min:1 max:2 total:3\n").unwrap().average, -1);
}
