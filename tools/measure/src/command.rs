// SPDX-License-Identifier: MIT OR Apache-2.0

//! Commands that are started in two steps: first the process, then the program.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, anyhow};
use host::error::usage;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::PollTimeout;
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, execvp, fork, pipe2};

use crate::pool::check_single_threaded;
use crate::signals::{SignalWatch, interrupted};

/// Exit code of a command that was not found, as in shells and env(1).
const NOT_FOUND: u8 = 127;
/// Exit code of a command that could not be executed.
const NOT_EXECUTED: u8 = 126;

/// Guard that makes this process a child subreaper: it becomes the parent of descendants whose own
/// parent has exited, and so remains their ancestor. Undone on drop; the children that it has then
/// remain its own.
///
/// [`Command::run`] reaps them.
pub struct Subreaper {
    before: bool,
}

impl Subreaper {
    /// Makes this process a child subreaper.
    pub fn new() -> Result<Self> {
        let before = prctl::get_child_subreaper().context("PR_GET_CHILD_SUBREAPER failed")?;
        prctl::set_child_subreaper(true).context("PR_SET_CHILD_SUBREAPER failed")?;
        Ok(Self { before })
    }
}

impl Drop for Subreaper {
    fn drop(&mut self) {
        let _ = prctl::set_child_subreaper(self.before);
    }
}

/// Forked process that executes a command when told to. If dropped before, it exits without
/// executing.
pub struct Command {
    pid: Pid,
    name: String,
    /// Pipe to tell the child to go on; an exit of the parent closes it, too.
    go: Option<File>,
    /// Pipe from which the reason is read if the program could not be executed.
    failure: File,
    reaped: bool,
}

/// Exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Exit code of the program; 128 plus the signal number if it was killed, as in shells.
    Code(u8),
    /// The program could not be executed.
    NotExecuted(Errno),
}

impl Ending {
    /// Returns the code to exit with.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::NotExecuted(Errno::ENOENT) => NOT_FOUND,
            Self::NotExecuted(_) => NOT_EXECUTED,
        }
    }
}

impl Command {
    /// Forks the process. The caller must be the only thread of this process.
    pub fn fork(command: &[OsString], signals: &SignalWatch) -> Result<Self> {
        check_single_threaded()?;
        let arguments = command
            .iter()
            .map(|argument| CString::new(argument.as_bytes()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| usage("a command cannot have NUL characters"))?;
        let name = command
            .first()
            .ok_or_else(|| usage("there is no command after '--'"))?;
        let pipe = || pipe2(OFlag::O_CLOEXEC).context("no pipe: close some files");
        let (child_go, go) = pipe()?;
        let (failure, child_failure) = pipe()?;
        // SAFETY: there is one thread, so that no lock is held by another and the child may do all
        // that its parent may.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => Ok(Self {
                pid: child,
                name: name.to_string_lossy().into_owned(),
                go: Some(go.into()),
                failure: failure.into(),
                reaped: false,
            }),
            Ok(ForkResult::Child) => {
                // Otherwise the child would keep its own pipe open, and wait forever.
                drop(go);
                let told = File::from(child_go).read_exact(&mut [0]);
                if told.is_ok() {
                    let errno = execute(&arguments, signals.before());
                    let mut failure = File::from(child_failure);
                    let _ = failure.write_all(&(errno as i32).to_ne_bytes());
                }
                // SAFETY: _exit ends the process and has no precondition.
                unsafe { libc::_exit(NOT_FOUND.into()) }
            }
            Err(errno) => Err(errno).context("no process for the command: see 'ulimit -u'"),
        }
    }

    /// Returns the PID of the process, which becomes that of the program.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Executes the program, and waits until it has exited. Also reaps all other children that exit
    /// until then.
    ///
    /// SIGINT and SIGQUIT are left to the program: a terminal sends them to both. On SIGTERM and
    /// SIGHUP, returns an error and leaves the program running.
    pub fn run(mut self, signals: &SignalWatch) -> Result<Ending> {
        let mut go = self.go.take().context("it runs already")?;
        go.write_all(&[1])
            .context("the command cannot be started")?;
        drop(go);
        let mut errno = [0; 4];
        // A successful execution closes the child's end.
        if self.failure.read_exact(&mut errno).is_ok() {
            self.reap();
            return Ok(Ending::NotExecuted(Errno::from_raw(i32::from_ne_bytes(
                errno,
            ))));
        }
        loop {
            if let Some(ending) = self.reap_all()? {
                return Ok(ending);
            }
            if let Some(signal @ (Signal::SIGTERM | Signal::SIGHUP)) =
                signals.next(PollTimeout::NONE)?
            {
                // The program keeps running: do not wait for it on drop.
                self.reaped = true;
                return Err(anyhow!(interrupted(signal))
                    .context(format!("{} goes on without the hook", self.name)));
            }
        }
    }

    /// Reaps all children that have exited. Returns the status of the command if it is one of them.
    fn reap_all(&mut self) -> Result<Option<Ending>> {
        // One SIGCHLD may stand for several children.
        loop {
            let (pid, code) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, code as u8),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as u8),
                Ok(WaitStatus::StillAlive) => return Ok(None),
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno).context("waitpid failed"),
            };
            if pid == self.pid {
                self.reaped = true;
                return Ok(Some(Ending::Code(code)));
            }
        }
    }

    fn reap(&mut self) {
        if !self.reaped {
            let _ = waitpid(self.pid, None);
            self.reaped = true;
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        // The child exits when its pipe is closed.
        drop(self.go.take());
        self.reap();
    }
}

/// Executes the program as if it had been started by the parent of this process. Returns only on
/// failure.
fn execute(arguments: &[CString], mask: &SigSet) -> Errno {
    // SAFETY: the default action runs no code of this process. Rust ignores SIGPIPE, which programs
    // do not expect.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(mask), None);
    let Some(program) = arguments.first() else {
        return Errno::ENOENT;
    };
    match execvp(program, arguments) {
        Ok(never) => match never {},
        Err(errno) => errno,
    }
}
