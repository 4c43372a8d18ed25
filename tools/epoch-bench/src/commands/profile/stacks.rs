// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading of perf's recordings, until interrupted.

use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::Result;
use epoch_measure::signals::{SignalWatch, interrupted};
use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use crate::perf::fold::Stacks;
use crate::perf::program::Perf;

/// Reads the stacks in a file recorded by perf.
pub fn read(perf: &Perf, data: &Path, signals: &SignalWatch) -> Result<Stacks> {
    let mut script = perf.script(data)?;
    let stacks = Stacks::read(BufReader::new(Interruptible {
        inner: &mut script,
        signals,
    }))?;
    script.finish()?;
    Ok(stacks)
}

/// Reader that fails when a signal requests termination.
struct Interruptible<'a, R> {
    inner: R,
    signals: &'a SignalWatch,
}

impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let signal = self.signals.next(PollTimeout::ZERO);
        match signal.map_err(io::Error::other)? {
            // perf has ended, or one of the workers before.
            None | Some(Signal::SIGCHLD) => self.inner.read(buffer),
            Some(signal) => Err(io::Error::other(interrupted(signal))),
        }
    }
}
