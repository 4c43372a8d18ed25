// SPDX-License-Identifier: MIT OR Apache-2.0

//! Waits that end early on signals and on failures of workers.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use host::error::Interrupted;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;

/// Reason why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// The deadline has passed.
    Deadline,
    /// A worker has failed or ended.
    Worker,
}

/// Signals that request termination.
const ENDING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
];

/// The signal that has interrupted the program, or 0.
static INTERRUPTED_BY: AtomicI32 = AtomicI32::new(0);

/// Returns the error of a signal that requests termination, which [`end`] will end the program by.
pub fn interrupted(signal: Signal) -> Interrupted {
    INTERRUPTED_BY.store(signal as i32, Ordering::Relaxed);
    Interrupted
}

/// Ends the program by the signal that has interrupted it, if one has: a shell then ends a loop, as
/// with other programs. Returns if that signal is blocked or ignored.
pub fn end() {
    if let Ok(signal) = Signal::try_from(INTERRUPTED_BY.load(Ordering::Relaxed)) {
        // There is nothing to find in an image of the memory.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        let _ = raise(signal);
    }
}

/// Blocks the signals that request termination, so that they are noticed only in waits and
/// everything can be restored. Worker processes and threads inherit the signal mask: their parent
/// decides when they end.
pub struct SignalWatch {
    fd: SignalFd,
    before: SigSet,
}

impl SignalWatch {
    /// Blocks the signals until drop.
    pub fn new() -> Result<Self> {
        let mut signals = SigSet::empty();
        for signal in ENDING.into_iter().chain([Signal::SIGCHLD]) {
            signals.add(signal);
        }
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut before))
            .context("signals cannot be blocked")?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&signals, flags).context("no signalfd: close some files")?;
        Ok(Self { fd, before })
    }

    /// Returns the signal mask from before, which an executed program must get.
    pub fn before(&self) -> &SigSet {
        &self.before
    }

    /// Returns the next blocked signal, including SIGCHLD; `None` on timeout.
    pub fn next(&self, timeout: PollTimeout) -> Result<Option<Signal>> {
        loop {
            let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, timeout) {
                Ok(0) => return Ok(None),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno).context("poll failed"),
            }
            if let Some(signal) = self.fd.read_signal().context("the signalfd failed")? {
                let number = i32::try_from(signal.ssi_signo)?;
                return Ok(Some(Signal::try_from(number)?));
            }
        }
    }

    /// Waits until the deadline, the failure or death of a worker, or a signal that requests
    /// termination, for which it returns [`Interrupted`].
    pub fn wait(&self, failures: &EventFd, deadline: Instant) -> Result<Wakeup> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut fds = [
                PollFd::new(self.fd.as_fd(), PollFlags::POLLIN),
                PollFd::new(failures.as_fd(), PollFlags::POLLIN),
            ];
            match ppoll(&mut fds, Some(TimeSpec::from(left)), None) {
                Ok(0) if left == Duration::ZERO => return Ok(Wakeup::Deadline),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno).context("poll failed"),
            }
            if failures.read().is_ok() {
                return Ok(Wakeup::Worker);
            }
            match self.fd.read_signal().context("the signalfd failed")? {
                None => {}
                Some(signal) if signal.ssi_signo == Signal::SIGCHLD as u32 => {
                    return Ok(Wakeup::Worker);
                }
                Some(signal) => {
                    let number = i32::try_from(signal.ssi_signo)?;
                    return Err(interrupted(Signal::try_from(number)?).into());
                }
            }
        }
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        // Signals that have not been read are answered by the end of the measurement; they must not
        // kill the process before it reports the result.
        while let Ok(Some(_)) = self.fd.read_signal() {}
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
