// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where output goes, and how it fits there.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use epoch_bench::cli::Cli;

fn epoch_bench(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epoch-bench"));
    command.args(args).stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    epoch_bench(args).output().unwrap()
}

#[test]
fn dash_is_standard_output_and_text_makes_way_for_it() {
    let output = output(&["doctor", "--json", "-"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "epoch-bench/doctor/1");
    assert!(!output.stderr.is_empty());
    assert!(!Path::new("-").exists());
}

#[test]
fn standard_output_is_not_replaced_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("stdout");
    symlink("/proc/self/fd/1", &link).unwrap();
    let page = dir.path().join("page");
    let status = epoch_bench(&["doctor", "--json", link.to_str().unwrap()])
        .stdout(File::create(&page).unwrap())
        .stderr(Stdio::null())
        .status();
    assert!(matches!(status.unwrap().code(), Some(0 | 1)));
    let text = fs::read_to_string(&page).unwrap();
    assert!(
        text.contains("\"schema\": \"epoch-bench/doctor/1\""),
        "{text}"
    );
    assert!(link.is_symlink());
}

#[test]
fn reader_that_has_enough_is_no_failure() {
    for args in [&["schema", "compare"][..], &["schema", "sweep"]] {
        let mut child = epoch_bench(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(1, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.is_empty(), "{args:?}: {stderr}");
        assert!(output.status.success(), "{args:?}");
    }
}

#[test]
fn help_fits_the_terminal() {
    for command in Cli::command().get_subcommands() {
        let command = command.get_name();
        let help = epoch_bench(&[command, "--help"])
            .env("COLUMNS", "80")
            .output();
        let help = String::from_utf8(help.unwrap().stdout).unwrap();
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn error_of_a_directory_is_said_once() {
    let stderr = String::from_utf8(output(&["ministat", "."]).stderr).unwrap();
    assert_eq!(stderr.matches("Is a directory").count(), 1, "{stderr}");
}

#[test]
fn two_names_of_one_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    symlink(dir.path(), at("again")).unwrap();
    let report = at("report.json");
    fs::write(&report, "{}").unwrap();
    for (svg, png) in [("a", "again/a"), ("a", "../a"), ("a", "./a")] {
        let png = match png.strip_prefix("../") {
            Some(rest) => format!(
                "{}/../{}/{rest}",
                at("."),
                dir.path().file_name().unwrap().to_str().unwrap()
            ),
            None => at(png),
        };
        let output = output(&["draw", &report, "--svg", &at(svg), "--png", &png]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("name the same file"), "{png}: {stderr}");
    }
}

#[test]
fn messages_quote_files_harmlessly() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    for data in ["\u{1b}[31mred".to_owned(), "z".repeat(3_000_000)] {
        fs::write(&file, data).unwrap();
        let output = output(&["ministat", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stderr.len() < 4000);
        assert!(!output.stderr.contains(&b'\x1b'));
    }
}
