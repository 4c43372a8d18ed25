// SPDX-License-Identifier: MIT OR Apache-2.0

//! Turns output of perf in the guest, under trackers mutex and epoch, into folded stacks, flame
//! graphs and tables.

use crate::perf::flame::{self, Caption};
use crate::perf::fold::Stacks;
use crate::perf::top;

const MUTEX: &str = include_str!("../../../tests/mutex.script");
const EPOCH: &str = include_str!("../../../tests/epoch.script");

fn read(script: &str) -> Stacks {
    Stacks::read(script.as_bytes()).unwrap()
}

#[test]
fn every_sample_is_counted_once() {
    for (script, idle, lost) in [(MUTEX, 2, 251), (EPOCH, 2, 0)] {
        let stacks = read(script);
        let samples = script.split("\n\n").filter(|s| !s.trim().is_empty());
        assert_eq!(stacks.samples() + stacks.idle, samples.count() as u64);
        assert_eq!((stacks.idle, stacks.lost), (idle, lost));
        assert_eq!(stacks.unnamed(), 0);
    }
}

#[test]
fn stacks_are_readable() {
    let text = read(MUTEX).to_text(1);
    assert!(!text.contains("_RNv") && !text.contains("_RINv"), "{text}");
    assert!(!text.contains("swapper"), "{text}");
    for part in [
        "\nepoch-bench;entry_SYSCALL_64_after_hwframe;do_syscall_64;__x64_sys_ioctl;",
        ";<epoch_bench::trackers::generations::Generations<kernel::sync::lock::mutex::MutexBackend> \
         as epoch_bench::trackers::Tracker>::",
        ";__mutex_lock.constprop.0;",
        "\nksoftirqd;ret_from_fork_asm;",
        "\nrcu_preempt;",
        "[unknown task];",
    ] {
        assert!(text.contains(part), "'{part}' is missing in\n{text}");
    }
}

#[test]
fn beginnings_of_stacks_are_found() {
    let stacks = read(MUTEX);
    let all = stacks.to_text(1);
    for line in all.lines() {
        let (stack, _) = line.rsplit_once(' ').unwrap();
        assert!(stacks.have(stack));
        assert!(stacks.have(stack.rsplit_once(';').unwrap().0));
        assert!(!stacks.have(&stack[..stack.len() - 1]), "{stack}");
        assert!(!stacks.have(&format!("{stack};more")));
    }
}

#[test]
fn nothing_is_no_error_until_it_is_drawn() {
    for script in ["", "\n", "# a comment\n"] {
        let stacks = read(script);
        assert_eq!((stacks.samples(), stacks.idle, stacks.lost), (0, 0, 0));
        let caption = caption();
        assert!(flame::draw(&stacks, &caption, Vec::new()).is_err());
    }
}

fn caption() -> Caption {
    Caption {
        title: "the title & more".into(),
        subtitle: "25 samples of cpu-clock".into(),
    }
}

/// Asserts that a flame graph has a caption, a search, a zoom, names, and these words.
#[track_caller]
fn check(svg: &str, words: &[&str]) {
    for word in [
        "<svg",
        "</svg>",
        "the title &amp; more",
        "25 samples of cpu-clock",
        "function search(",
        "function zoom(",
        "__x64_sys_ioctl",
    ]
    .iter()
    .chain(words)
    {
        assert!(svg.contains(word), "'{word}' is missing");
    }
    assert!(!svg.contains("_RNv"));
}

#[test]
fn a_flame_graph_has_all_functions() {
    let mut svg = Vec::new();
    flame::draw(&read(MUTEX), &caption(), &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    check(
        &svg,
        &["osq_lock", "Generations&lt;kernel::sync::lock::mutex"],
    );
    let mut again = Vec::new();
    flame::draw(&read(MUTEX), &caption(), &mut again).unwrap();
    assert_eq!(svg.as_bytes(), again, "the same gives the same");
}

#[test]
fn a_difference_is_red_and_blue() {
    // mutex's stacks are in both, with a smaller share of `both`.
    let mutex = read(MUTEX);
    let both = read(&[MUTEX, EPOCH].join("\n"));
    let mut svg = Vec::new();
    flame::draw_difference(&mutex, &both, &caption(), &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    check(&svg, &["kernel_ext::mm::Mapping", "%; +", "%; -"]);
    let colours: Vec<_> = svg
        .split("fill=\"rgb(")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(
        colours.iter().any(|colour| colour.starts_with("255,")),
        "red"
    );
    assert!(
        colours.iter().any(|colour| colour.ends_with(",255")),
        "blue"
    );
}

#[test]
fn the_greatest_come_first() {
    let (mutex, epoch) = (read(MUTEX), read(EPOCH));
    let functions = top::functions(&mutex, 3);
    assert_eq!(functions.len(), 3);
    assert_eq!(functions[0].function, "osq_lock");
    assert!(functions[0].share.samples >= functions[1].share.samples);
    let changes = top::changes(&mutex, &epoch, 100);
    assert_eq!(changes[0].function, "osq_lock");
    assert!(changes[0].difference() < 0.0);
    assert_eq!(top::changes(&epoch, &mutex, 1)[0].before.samples, 0);
    let sum: f64 = changes.iter().map(|change| change.after.share).sum();
    assert!((sum - 1.0).abs() < 1e-9);
}
