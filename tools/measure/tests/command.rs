// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tests of commands that are started in two steps.
//!
//! Without the usual harness, whose threads do not allow a fork.

use std::ffi::OsString;
use std::panic::catch_unwind;
use std::process::ExitCode;

use anyhow::Result;
use epoch_measure::command::{Command, Ending, Subreaper};
use epoch_measure::signals::SignalWatch;
use host::error::Interrupted;
use nix::errno::Errno;
use nix::sys::prctl::get_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::getpid;

fn fork(command: &[&str]) -> (Command, SignalWatch) {
    let signals = SignalWatch::new().unwrap();
    let command: Vec<OsString> = command.iter().map(OsString::from).collect();
    (Command::fork(&command, &signals).unwrap(), signals)
}

fn run(command: &[&str]) -> Result<Ending> {
    let (command, signals) = fork(command);
    command.run(&signals)
}

fn the_exit_code_is_the_commands() {
    for code in [0, 3, 255] {
        let exit = format!("exit {code}");
        assert_eq!(run(&["sh", "-c", &exit]).unwrap(), Ending::Code(code));
    }
}

fn a_signal_is_told_as_shells_do() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGPIPE] {
        let kill = format!("kill -{} $$", &signal.as_str()[3..]);
        let ending = run(&["sh", "-c", &kill]).unwrap();
        assert_eq!(ending, Ending::Code(128 + signal as u8));
    }
}

fn commands_that_cannot_be_executed_are_told() {
    let ending = run(&["/nonexistent"]).unwrap();
    assert_eq!(ending, Ending::NotExecuted(Errno::ENOENT));
    assert_eq!(ending.code(), 127);
    let ending = run(&["/"]).unwrap();
    assert_eq!(ending, Ending::NotExecuted(Errno::EACCES));
    assert_eq!(ending.code(), 126);
}

fn a_command_that_is_dropped_does_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let (command, _signals) = fork(&["touch", file.to_str().unwrap()]);
    let pid = command.pid();
    drop(command);
    assert_eq!(kill(pid, None), Err(Errno::ESRCH));
    assert!(!file.exists());
}

fn the_process_keeps_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let script = format!("echo $$ >{}", file.display());
    let (command, signals) = fork(&["sh", "-c", &script]);
    let pid = command.pid();
    command.run(&signals).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{pid}\n"));
}

fn a_signal_to_the_terminal_is_the_commands_to_answer() {
    let script = format!("trap 'exit 5' INT; kill -INT {} $$; exit 6", getpid());
    let ending = run(&["sh", "-c", &script]).unwrap();
    assert_eq!(ending, Ending::Code(5));
}

fn a_signal_that_asks_to_end_is_obeyed() {
    let script = format!("kill -TERM {}; exec sleep 60", getpid());
    let (command, signals) = fork(&["sh", "-c", &script]);
    let pid = command.pid();
    let error = command.run(&signals).unwrap_err();
    assert!(error.is::<Interrupted>(), "{error:#}");
    assert!(error.to_string().contains("goes on without the hook"));
    kill(pid, Signal::SIGKILL).unwrap();
}

fn orphans_of_a_command_stay_descendants() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    // The parent has exited when the orphan looks for it. PPid is that of grep, which replaces the
    // orphan.
    let orphan = "sleep 0.1; exec grep PPid: /proc/self/status";
    let script = format!("(({orphan}) >{} &); sleep 0.5", file.display());
    assert!(!get_child_subreaper().unwrap());
    let subreaper = Subreaper::new().unwrap();
    run(&["sh", "-c", &script]).unwrap();
    drop(subreaper);
    assert!(!get_child_subreaper().unwrap());
    let told = std::fs::read_to_string(&file).unwrap();
    assert_eq!(told, format!("PPid:\t{}\n", getpid()));
}

fn only_the_commands_own_end_counts() {
    let subreaper = Subreaper::new().unwrap();
    // The first becomes our child when it has been orphaned; more of them exit than signals arrive.
    let script = "(exit 9 &); (sleep 0.1; exit 9 &) & (exit 9 &); wait; sleep 0.3; exit 4";
    assert_eq!(run(&["sh", "-c", script]).unwrap(), Ending::Code(4));
    drop(subreaper);
    // All have been reaped.
    let left = waitpid(None, Some(WaitPidFlag::WNOHANG));
    assert_eq!(left, Err(Errno::ECHILD));
}

fn main() -> ExitCode {
    let mut failed = false;
    macro_rules! tests {
        ($($test:ident)*) => {
            $(
                let ok = catch_unwind($test).is_ok();
                failed |= !ok;
                println!("test {} ... {}", stringify!($test), if ok { "ok" } else { "FAILED" });
            )*
        };
    }
    tests! {
        the_exit_code_is_the_commands
        a_signal_is_told_as_shells_do
        commands_that_cannot_be_executed_are_told
        a_command_that_is_dropped_does_not_begin
        the_process_keeps_its_number
        a_signal_to_the_terminal_is_the_commands_to_answer
        orphans_of_a_command_stay_descendants
        only_the_commands_own_end_counts
        a_signal_that_asks_to_end_is_obeyed
    }
    ExitCode::from(u8::from(failed))
}
