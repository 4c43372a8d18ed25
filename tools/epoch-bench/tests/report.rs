// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench report` as a user runs it.

mod results;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ALL: [&str; 5] = [
    "doctor.json",
    "profile.json",
    "run.json",
    "sweep.json",
    "compare.json",
];

fn results() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    results::write(dir.path()).unwrap();
    dir
}

fn report(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .arg("report")
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn page(dir: &Path, args: &[&str]) -> String {
    let output = report(dir, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!((&stderr[..], output.stdout.len()), ("", 0));
    fs::read_to_string(dir.join("report.html")).unwrap()
}

#[track_caller]
fn refused(dir: &Path, args: &[&str], code: i32, message: &str) {
    let output = report(dir, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(!dir.join("report.html").exists());
}

/// Returns the headings of the sections.
fn sections(html: &str) -> Vec<&str> {
    let headings = html.split("<h2 id=\"section-").skip(1);
    headings
        .map(|heading| {
            let (_, title) = heading.split_once('>').unwrap();
            title.split_once('<').unwrap().0
        })
        .collect()
}

#[test]
fn all_kinds_of_files_come_together() {
    let dir = results();
    let html = page(dir.path(), &ALL);
    assert_eq!(
        sections(&html),
        [
            "Samples",
            "ministat",
            "Other tests",
            "Scalability",
            "mutex alone",
            "Profile",
            "Findings of doctor",
            "Environment",
            "Reproducing the results",
        ]
    );
    let words = |words: &str| assert!(html.contains(words), "{words} is not there");
    words("<h1>epoch-bench: mutex, epoch</h1>");
    words("<p class=\"headline\">epoch is 1.81x mutex: <strong");
    words("(paired t, N=12 each)");
    words("<p class=\"headline\">mutex peaks at 4 tasks</p>");
    words("A model, not a measurement");
    words("<p class=\"headline\">mutex does 84000 loops a second</p>");
    words("Difference at 95.0% confidence");
    words("average:152000");
    words("prefer the paired test");
    words("warnings about single points of the sweep");
    words("the timer cpu-clock, as there is no PMU for cycles");
    words("SMT: on: tasks share cores");
    words("These trackers are load added");
    words("<span>&#39;my</span> <span>result.json&#39;</span>");
    assert_eq!(html.matches("<iframe").count(), 4);
}

#[test]
fn files_of_one_kind_are_told_apart() {
    let dir = results();
    let compare = dir.path().join("compare.json");
    let other = dir.path().join("other.json");
    let json = fs::read_to_string(compare).unwrap();
    fs::write(other, json.replace("bare metal", "KVM")).unwrap();
    let html = page(
        dir.path(),
        &["compare.json", "other.json", "--title", "Two of them"],
    );
    assert_eq!(
        sections(&html),
        [
            "Samples: compare.json",
            "ministat: compare.json",
            "Other tests: compare.json",
            "Samples: other.json",
            "ministat: other.json",
            "Other tests: other.json",
            "Environment",
            "Reproducing the results",
        ]
    );
    assert!(html.contains("<title>Two of them</title>"));
    assert!(html.contains("files are of 2 machines"));
    // Each verdict says of which.
    assert!(
        html.contains("96 processes; Linux 7.3; 96 CPUs, A CPU; KVM"),
        "{html}"
    );
}

#[test]
fn processes_stand_beside_threads() {
    let dir = results();
    let files = [
        "compare.json",
        "threads.json",
        "sweep.json",
        "processes.json",
    ];
    let html = page(dir.path(), &files);
    assert_eq!(
        sections(&html),
        [
            "Samples",
            "ministat",
            "Other tests",
            "Processes and threads",
            "Scalability",
            "Environment",
            "Reproducing the results",
        ]
    );
    let words = |words: &str| assert!(html.contains(words), "{words} is not there");
    words("mutex: 96 processes do 50.4x the iterations of 96 threads");
    words("epoch, 96 threads");
    words("not interleaved");
    words("With threads: samples, ministat and tests");
    words(">switches<");
    words(">softirq<");
    words(">IPIs<");
    words("<p class=\"headline\">epoch is 3.52x mutex: <strong");
}

#[test]
fn runs_that_differ_in_more_than_processes_and_threads_are_not_paired() {
    let dir = results();
    let html = page(dir.path(), &["threads.json", "compare.json"]);
    assert!(
        html.contains("Samples: threads.json"),
        "{:?}",
        sections(&html)
    );
    assert!(!html.contains("Processes and threads"));
}

#[test]
fn the_same_files_are_the_same_page() {
    let dir = results();
    assert_eq!(page(dir.path(), &ALL), page(dir.path(), &ALL));
}

#[test]
fn names_are_not_markup() {
    let dir = results();
    let comparison = results::comparison("<script>x()</script>");
    let json = serde_json::to_string(&comparison).unwrap();
    fs::write(dir.path().join("<b>.json"), json).unwrap();
    let html = page(dir.path(), &["<b>.json", "--title", "<i>"]);
    assert!(!html.contains("<script>x") && !html.contains("<b>") && !html.contains("<i>"));
    assert!(html.contains("&#60;script&#62;x()"));
}

#[test]
fn files_that_cannot_be_reported_are_named_and_nothing_is_written() {
    let dir = results();
    let refused = |args: &[&str], code, message| refused(dir.path(), args, code, message);
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    refused(&[], 2, "name files that 'compare --json'");
    refused(&["compare.json", "none.json"], 1, "cannot read none.json");
    write("half.json", "{\"schema\":");
    refused(&["compare.json", "half.json"], 2, "half.json is nothing");
    write("other.json", "{\"schema\": \"epoch-bench/hook/1\"}");
    refused(&["other.json"], 2, "it holds epoch-bench/hook/1");
    let same = ["compare.json", "-o", "compare.json"];
    refused(&same, 2, "would overwrite an input file");
    refused(&["compare.json", "-o", "no/x.html"], 1, "cannot be written");
}

#[test]
fn a_profile_needs_its_flame_graphs() {
    let dir = results();
    let refused = |message| refused(dir.path(), &["profile.json"], 2, message);
    let graph = dir.path().join("flame-epoch.svg");
    fs::write(&graph, "<svg").unwrap();
    refused("flame-epoch.svg cannot be shown");
    fs::remove_file(&graph).unwrap();
    refused("keep the files of a profile together");
    let path = dir.path().join("profile.json");
    let json = fs::read_to_string(&path).unwrap();
    fs::write(&path, json.replace("flame-epoch.svg", "../flame-epoch.svg")).unwrap();
    refused("it is somewhere else");
}

#[test]
fn files_of_one_name_are_told_apart() {
    let dir = results();
    for machine in ["m1", "m2"] {
        fs::create_dir(dir.path().join(machine)).unwrap();
        let copy = dir.path().join(machine).join("compare.json");
        fs::copy(dir.path().join("compare.json"), copy).unwrap();
    }
    let page = page(dir.path(), &["m1/compare.json", "m2/compare.json"]);
    assert!(page.contains("m1/compare.json") && page.contains("m2/compare.json"));
}

#[test]
fn a_page_can_come_from_standard_input_and_go_to_standard_output() {
    let dir = results();
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(["report", "-", "-o", "-"])
        .stdin(fs::File::open(dir.path().join("compare.json")).unwrap())
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"<!"), "no page");
    assert!(!dir.path().join("-").exists());
}
