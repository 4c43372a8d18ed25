// SPDX-License-Identifier: MIT OR Apache-2.0

//! `profile` with a fake perf and a load in user space: this needs no module, and no PMU.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Far longer than anything here takes: only a hang reaches it.
const HANG: Duration = Duration::from_secs(20);

/// Directory to profile into, and a `PATH` that has `perf` first.
struct Sandbox {
    dir: TempDir,
    path: String,
}

impl Sandbox {
    /// Returns `None`, with a message, if the kernel hides the addresses of its functions.
    fn new() -> Option<Self> {
        if let Err(error) = epoch_bench::perf::program::check_symbols() {
            let _ = writeln!(io::stderr(), "skipped: {error}");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let fake = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-perf");
        fs::create_dir(dir.path().join("bin")).unwrap();
        symlink(fake, dir.path().join("bin/perf")).unwrap();
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", dir.path().join("bin").display());
        Some(Self { dir, path })
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// Returns a profile command with a perf that behaves like this.
    fn command(&self, perf: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_epoch-bench"));
        command
            .args(["profile", "--where", "user", "--tasks", "2"])
            .args(["--interval-ms", "100", "--out"])
            .arg(self.out())
            .args(args)
            .env("PATH", &self.path)
            .env("FAKE_PERF", perf)
            .stdin(Stdio::null());
        command
    }

    fn profile(&self, perf: &str, args: &[&str]) -> Output {
        let args = [args, &["--seconds", "1"]].concat();
        self.command(perf, &args).output().unwrap()
    }

    /// Returns the files in the directory, and below it.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for dir in ["", "folded"] {
            let entries = fs::read_dir(self.out().join(dir)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            files.extend(names.filter(|name| name != "folded"));
        }
        files.sort_unstable();
        files
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn fails(output: &Output, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "'{word}' is missing: {stderr}");
    }
}

#[test]
fn a_profile_is_printed_drawn_and_saved() {
    let Some(sandbox) = Sandbox::new() else {
        return;
    };
    let output = sandbox.profile("good", &["--event", "UNHALTED_CORE_CYCLES"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    for part in [
        "event:       UNHALTED_CORE_CYCLES (perf's cycles): ",
        "sampled:     cycles, 997 times a second",
        "user: 23 samples in 1 s",
        "2 more of idle CPUs, 251 lost",
        "osq_lock",
        "out/flame-user.svg\n",
        "out/profile.json\n",
    ] {
        assert!(stdout.contains(part), "'{part}' is missing in\n{stdout}");
    }
    assert!(stderr.contains("251 samples of user were lost"), "{stderr}");
    assert!(stderr.contains("round 10 of 10"), "{stderr}");
    assert_eq!(
        sandbox.files(),
        ["flame-user.svg", "profile.json", "user.folded"]
    );
    let svg = fs::read_to_string(sandbox.out().join("flame-user.svg")).unwrap();
    assert!(svg.contains("23 samples of cycles; "));
    assert!(svg.contains("2 tasks of mmap1 in user space"));
    let json = fs::read(sandbox.out().join("profile.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["schema"], "epoch-bench/profile/1");
    assert_eq!(json["workload"]["interval_ms"], 100);
    assert_eq!(json["trackers"][0]["folded"], "folded/user.folded");
}

#[test]
fn data_of_perf_can_be_kept() {
    let Some(sandbox) = Sandbox::new() else {
        return;
    };
    let output = sandbox.profile("good", &["--keep-data"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let orders = fs::read_to_string(sandbox.out().join("perf-user.data")).unwrap();
    assert_eq!(orders.matches("enable\ndisable\n").count(), 10);
    assert!(orders.ends_with("done\n"));
}

#[test]
fn a_timer_stands_in_for_cycles_and_is_named() {
    let Some(sandbox) = Sandbox::new() else {
        return;
    };
    let output = sandbox.profile("no-pmu", &[]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let named = "cpu-clock (no PMU for cycles)";
    assert!(stdout.contains(named), "{stdout}");
    assert!(stderr.contains("warning: there is no PMU"), "{stderr}");
    let svg = fs::read_to_string(sandbox.out().join("flame-user.svg")).unwrap();
    assert!(svg.contains(named));
}

#[test]
fn reasons_why_perf_cannot_record_are_told() {
    let Some(sandbox) = Sandbox::new() else {
        return;
    };
    let mut command = sandbox.command("good", &[]);
    command.env("PATH", sandbox.dir.path());
    fails(&command.output().unwrap(), &["no perf", "linux-perf"]);
    fails(&sandbox.profile("refused", &[]), &["cpu-clock", "limited"]);
    fails(
        &sandbox.profile("bad-event", &["--event", "bogus"]),
        &["cannot record bogus", "not supported"],
    );
    fails(&sandbox.profile("dies", &[]), &["out of memory"]);
    fails(&sandbox.profile("full", &[]), &["No space left"]);
    fails(
        &sandbox.profile("no-script", &[]),
        &["the stacks of user", "incompatible"],
    );
    assert!(sandbox.files().is_empty(), "{:?}", sandbox.files());
}

#[test]
fn a_folder_that_cannot_be_made_is_found_before_measuring() {
    let args = ["profile", "--where", "user", "--out", "/dev/null/x"];
    let output = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(args)
        .output()
        .unwrap();
    fails(&output, &["--out /dev/null/x: cannot be written"]);
}

/// Returns the processes that `child` has started.
fn children(child: &Child) -> Vec<Pid> {
    let id = child.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let pids = children.split_whitespace();
    pids.map(|pid| Pid::from_raw(pid.parse().unwrap()))
        .collect()
}

/// Returns whether a process has ended. A zombie has.
fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    state.is_empty() || state.starts_with(['Z', 'X'])
}

fn soon(mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < HANG {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn nothing_is_left_of_what_is_interrupted() {
    let Some(sandbox) = Sandbox::new() else {
        return;
    };
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let mut child = sandbox
            .command("good", &["--seconds", "3600"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // perf writes down that it is enabled.
        let recording = || {
            let dirs = fs::read_dir(sandbox.out()).into_iter().flatten().flatten();
            let mut data =
                dirs.filter_map(|dir| fs::read_to_string(dir.path().join("perf-user.data")).ok());
            data.any(|orders| orders.contains("enable"))
        };
        assert!(soon(recording));
        let started = children(&child);
        assert_eq!(started.len(), 3, "two workers, and perf");
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        for pid in started {
            assert!(soon(|| has_ended(pid)), "{signal}: {pid} is left");
        }
        if signal == Signal::SIGINT {
            assert!(sandbox.files().is_empty(), "{:?}", sandbox.files());
        }
    }
}
