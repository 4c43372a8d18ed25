// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench top`

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use console::Term;
use epoch_device::epochs::Epochs;
use epoch_measure::signals::SignalWatch;
use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use crate::cli::TopArgs;
use crate::show;

pub fn execute(args: &TopArgs) -> Result<()> {
    let epochs = Epochs::open()?;
    let signals = SignalWatch::new()?;
    let timeout = PollTimeout::try_from(args.interval_ms)?;
    let terminal = io::stdout().is_terminal().then(Term::stdout);
    let mut before = epochs.read()?;
    let mut left = args.count;
    while left != Some(0) {
        match signals.next(timeout)? {
            None | Some(Signal::SIGCHLD) => {}
            // As users end it.
            Some(_) => break,
        }
        let now = epochs.read()?;
        let mut text = show::top::table(&before, &now).text();
        if let Some(durations) = show::top::durations(&before, &now) {
            text = format!("{text}\n\n{}", durations.text());
        }
        if now.epochs.is_empty() {
            text = "there are no epochs: no module has created one".into();
        }
        match &terminal {
            // In one piece, so that it does not flicker.
            Some(terminal) => {
                terminal.clear_screen()?;
                terminal.write_line(&text)?;
            }
            None => writeln!(io::stdout(), "{text}\n")?,
        }
        before = now;
        left = left.map(|left| left - 1);
    }
    Ok(())
}
