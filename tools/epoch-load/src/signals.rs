// SPDX-License-Identifier: MIT OR Apache-2.0

//! Waiting that ends early for signals and for workers that fail.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use epoch_device::error::Interrupted;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// It is time.
    Deadline,
    /// A worker has failed or ended.
    Worker,
}

/// Signals that ask to end.
const ENDING: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
];

/// Holds back the signals that ask to end, so that they are seen only while
/// waiting and everything can be put back. Worker processes and threads
/// inherit this: their parent decides when they end.
pub struct SignalWatch {
    fd: SignalFd,
    before: SigSet,
}

impl SignalWatch {
    /// Starts holding them back, until it is dropped.
    pub fn new() -> Result<Self> {
        let mut signals = SigSet::empty();
        for signal in ENDING.into_iter().chain([Signal::SIGCHLD]) {
            signals.add(signal);
        }
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut before))
            .context("signals cannot be held back")?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&signals, flags).context("no signalfd: close some files")?;
        Ok(Self { fd, before })
    }

    /// What was held back before, and is to be in a program that is executed.
    pub fn before(&self) -> &SigSet {
        &self.before
    }

    /// The next signal that was held back, SIGCHLD among them; none if none
    /// comes before the timeout.
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

    /// Waits until the deadline, a worker's failure or death, or a signal that
    /// asks to end; the last comes back as [`Interrupted`].
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
                Some(_) => return Err(Interrupted.into()),
            }
        }
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        // What came and was not looked at has been answered by the end of what
        // was under way; it must not kill who is about to say how that went.
        while let Ok(Some(_)) = self.fd.read_signal() {}
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
