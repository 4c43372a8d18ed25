// SPDX-License-Identifier: MIT OR Apache-2.0

//! A command that is started in two steps: first its process, then its program.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, anyhow};
use epoch_device::error::{Interrupted, usage};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::PollTimeout;
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, execvp, fork, pipe2};

use crate::pool::check_single_threaded;
use crate::signals::SignalWatch;

/// Exit code of a command that was not found, as with shells and env(1).
const NOT_FOUND: u8 = 127;
/// Exit code of one that could not be executed.
const NOT_EXECUTED: u8 = 126;

/// Makes this process a child subreaper: the parent of its descendants whose
/// own parent has ended, so that it remains their ancestor. Undone on drop; the
/// children that it has then remain its own.
///
/// Their ends are for [`Command::run`] to see to.
pub struct Subreaper {
    before: bool,
}

impl Subreaper {
    /// Becomes one.
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

/// A process that will execute a command when it is told to. Dropped before,
/// it ends without.
pub struct Command {
    pid: Pid,
    name: String,
    /// Tells it to go on; closed by an end of its parent, too.
    go: Option<File>,
    /// Tells why the program could not be executed.
    failure: File,
    reaped: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code, or killed by a signal, in the shell's terms.
    Code(u8),
    /// It has not begun.
    NotExecuted(Errno),
}

impl Ending {
    /// What to exit with.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::NotExecuted(Errno::ENOENT) => NOT_FOUND,
            Self::NotExecuted(_) => NOT_EXECUTED,
        }
    }
}

impl Command {
    /// Starts the process. It must be the only thread that does.
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
        // SAFETY: there is one thread, so that no lock is held by another and
        // the child may do all that its parent may.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => Ok(Self {
                pid: child,
                name: name.to_string_lossy().into_owned(),
                go: Some(go.into()),
                failure: failure.into(),
                reaped: false,
            }),
            Ok(ForkResult::Child) => {
                // Or it would wait for itself.
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

    /// The process, and that of the program later.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Has the program executed, and waits until it has ended. Other children
    /// that end meanwhile are reaped, whatever they are.
    ///
    /// SIGINT and SIGQUIT are the program's to answer: a terminal sends them
    /// to both. For others, this returns with [`Interrupted`] and leaves the
    /// program running.
    pub fn run(mut self, signals: &SignalWatch) -> Result<Ending> {
        let mut go = self.go.take().context("it runs already")?;
        go.write_all(&[1])
            .context("the command cannot be started")?;
        drop(go);
        let mut errno = [0; 4];
        // Its end is closed by the execution.
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
            if let Some(Signal::SIGTERM | Signal::SIGHUP) = signals.next(PollTimeout::NONE)? {
                // Not ours to wait for.
                self.reaped = true;
                return Err(
                    anyhow!(Interrupted).context(format!("{} goes on without the hook", self.name))
                );
            }
        }
    }

    /// Reaps all children that have ended; returns how the program has, if it
    /// is one of them.
    fn reap_all(&mut self) -> Result<Option<Ending>> {
        // One SIGCHLD may stand for several.
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
        // It ends when nobody is left to tell it to go on.
        drop(self.go.take());
        self.reap();
    }
}

/// Becomes the program, as if started by whoever started us; returns only if
/// that fails.
fn execute(arguments: &[CString], mask: &SigSet) -> Errno {
    // SAFETY: the default action is no function of ours. Rust ignores this
    // signal, which programs do not expect.
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
