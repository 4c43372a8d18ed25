// SPDX-License-Identifier: MIT OR Apache-2.0

//! Finding, choosing, starting, controlling and ending perf.

use std::fs;
use std::io::{BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

use epoch_results::record::Source;
use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;

use crate::perf::event::Event;
use crate::perf::fold::Stacks;
use crate::perf::program::{Perf, Recording};

/// Returns `tests/fake-perf` under a name that selects its behaviour.
fn fake(name: &str) -> (TempDir, anyhow::Result<Perf>) {
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-perf");
    let program = dir.path().join(name);
    symlink(script, &program).unwrap();
    let perf = Perf::at(&program);
    (dir, perf)
}

fn choose(name: &str, event: &str) -> anyhow::Result<Source> {
    let (_dir, perf) = fake(name);
    perf.unwrap().choose(&Event::new(event))
}

fn cycles() -> Source {
    Source {
        event: "cycles".into(),
        instead_of: None,
    }
}

#[track_caller]
fn expect<T>(result: anyhow::Result<T>, words: &[&str]) {
    let error = match result {
        Ok(_) => panic!("it should fail"),
        Err(error) => format!("{error:#}"),
    };
    for word in words {
        assert!(error.contains(word), "'{word}' is missing: {error}");
    }
}

#[test]
fn perf_must_be_there_and_run() {
    let dir = tempfile::tempdir().unwrap();
    expect(
        Perf::at(dir.path().join("perf")),
        &["no perf", "linux-perf"],
    );
    let (_dir, perf) = fake("no-kernel");
    expect(perf, &["not found for kernel 9.9", "linux-perf"]);
    let (_dir, perf) = fake("good");
    assert_eq!(perf.unwrap().version(), "1.2.3");
}

#[test]
fn cycles_are_counted_where_they_can_be() {
    for name in ["cycles", "UNHALTED_CORE_CYCLES"] {
        assert_eq!(choose("good", name).unwrap(), cycles());
    }
    assert_eq!(choose("good", "bogus").unwrap().event, "bogus");
}

#[test]
fn a_timer_stands_in_for_cycles() {
    for perf in ["no-pmu", "silent"] {
        let source = choose(perf, "UNHALTED_CORE_CYCLES").unwrap();
        assert_eq!(source.event, "cpu-clock");
        assert_eq!(source.instead_of.as_deref(), Some("UNHALTED_CORE_CYCLES"));
    }
}

#[test]
fn nothing_stands_in_for_other_events() {
    let words = ["bogus", "not supported", "perf record -a -e bogus"];
    expect(choose("bad-event", "bogus"), &words);
    expect(choose("refused", "cycles"), &["cpu-clock", "limited"]);
}

fn record(name: &str) -> (TempDir, Recording) {
    let (dir, perf) = fake(name);
    let data = dir.path().join("perf.data");
    let recording = perf.unwrap().record(&cycles(), 997, &data).unwrap();
    (dir, recording)
}

#[test]
fn perf_records_when_it_is_told_to() {
    // A process that waits for signals blocks them, and its children inherit that.
    let mut held_back = SigSet::empty();
    held_back.add(Signal::SIGINT);
    held_back.thread_block().unwrap();
    let (dir, mut recording) = record("good");
    for _ in 0..2 {
        recording.enable().unwrap();
        recording.disable().unwrap();
    }
    recording.finish().unwrap();
    let orders = fs::read_to_string(dir.path().join("perf.data")).unwrap();
    let expected = "cycles ping enable disable enable disable done";
    assert_eq!(
        orders.split_whitespace().collect::<Vec<_>>().join(" "),
        expected
    );
}

#[test]
fn a_perf_that_dies_is_told() {
    let (_dir, mut recording) = record("dies");
    expect(recording.enable(), &["cycles", "out of memory"]);
    let (_dir, perf) = fake("refused");
    let data = Path::new("/nonexistent/perf.data");
    expect(perf.unwrap().record(&cycles(), 997, data), &["limited"]);
}

#[test]
fn a_file_that_is_not_complete_is_told() {
    let (_dir, mut recording) = record("full");
    recording.enable().unwrap();
    recording.disable().unwrap();
    expect(recording.finish(), &["No space left"]);
}

#[test]
fn perf_does_not_outlive_an_interruption() {
    let (dir, mut recording) = record("good");
    recording.enable().unwrap();
    let data = dir.path().join("perf.data");
    drop(recording);
    let orders = fs::read_to_string(&data).unwrap();
    assert!(orders.ends_with("enable\n"), "{orders}");
}

#[test]
fn output_of_perf_becomes_stacks() {
    let (_dir, perf) = fake("good");
    let mut script = perf.unwrap().script(Path::new("perf.data")).unwrap();
    let stacks = Stacks::read(BufReader::new(&mut script)).unwrap();
    script.finish().unwrap();
    assert!(stacks.samples() > 0);
    let (_dir, perf) = fake("no-script");
    let mut script = perf.unwrap().script(Path::new("perf.data")).unwrap();
    assert_eq!(script.read(&mut [0; 8]).unwrap(), 0);
    expect(script.finish(), &["incompatible file format"]);
}
