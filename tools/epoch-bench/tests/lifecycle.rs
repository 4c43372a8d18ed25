// SPDX-License-Identifier: MIT OR Apache-2.0

//! No process is left running, whichever dies first.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Far longer than anything here takes: only a hang reaches it.
const HANG: Duration = Duration::from_secs(20);

/// Run in progress that would take hours.
struct Run {
    child: Child,
    workers: Vec<Pid>,
}

impl Run {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
            .args(["run", "--where", "user", "--samples", "100000"])
            .args(["--interval-ms", "20", "--tasks", "3"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The first sample says that all workers run.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with("min:"));
        // Keeps reading, lest the pipe fill up.
        std::thread::spawn(move || lines.count());
        let id = child.id();
        let workers = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let workers = workers.split_whitespace();
        let workers = workers.map(|pid| Pid::from_raw(pid.parse().unwrap()));
        Self {
            workers: workers.collect(),
            child,
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Waits until all have exited: the workers first, since one that is left would keep stderr
    /// open.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let left: Vec<Pid> = self.workers.into_iter().filter(|pid| !ends(*pid)).collect();
        for &pid in &left {
            let _ = kill(pid, Signal::SIGKILL);
        }
        assert!(left.is_empty(), "workers {left:?} were left running");
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        (status, stderr)
    }
}

/// Returns whether the process ends by itself. A zombie has ended.
fn ends(pid: Pid) -> bool {
    let start = Instant::now();
    while let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        let state = stat.rsplit(')').next().unwrap().trim_start();
        if state.starts_with(['Z', 'X']) {
            return true;
        }
        if start.elapsed() > HANG {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn a_signal_ends_the_workers_and_is_reported() {
    for signal in [
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGHUP,
    ] {
        for (options, workers) in [(&[][..], 3), (&["--threads"][..], 0)] {
            let run = Run::start(options);
            assert_eq!(run.workers.len(), workers);
            kill(run.pid(), signal).unwrap();
            let (status, stderr) = run.end();
            assert_eq!(status.signal(), Some(signal as i32), "{signal}: {stderr}");
            assert!(
                stderr.ends_with("epoch-bench: interrupted\n"),
                "{signal}: {stderr}"
            );
        }
    }
}

#[test]
fn workers_die_with_their_parent() {
    let run = Run::start(&[]);
    assert_eq!(run.workers.len(), 3);
    kill(run.pid(), Signal::SIGKILL).unwrap();
    let (status, _) = run.end();
    assert_eq!(status.code(), None);
}

#[test]
fn the_death_of_a_worker_ends_the_run() {
    let run = Run::start(&[]);
    kill(run.workers[1], Signal::SIGKILL).unwrap();
    let (status, stderr) = run.end();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("task 1 is gone: it was killed by SIGKILL"),
        "{stderr}"
    );
}

#[test]
fn a_worker_without_address_space_ends_the_run() {
    // Room for the program, not for a mapping of 128 MB.
    let script = "ulimit -v 100000 && exec \"$0\" run --where user --tasks 2";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_epoch-bench")])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("failed: its address space has no room"),
        "{stderr}"
    );
}

#[test]
fn an_interrupted_run_leaves_no_report() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    let run = Run::start(&["--json", path.to_str().unwrap()]);
    kill(run.pid(), Signal::SIGINT).unwrap();
    run.end();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
