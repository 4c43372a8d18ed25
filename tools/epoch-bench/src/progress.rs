//! How far a measurement is, on stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::sample::Sample;

/// Hears of each step.
pub trait Progress {
    /// A tracker's sample is there.
    fn sample_taken(&mut self, tracker: &str, sample: &Sample);
    /// Every tracker had its sample.
    fn round_done(&mut self, round: usize, rounds: usize);
    /// No more is to come, or something went wrong.
    fn finish(&mut self);
}

/// A bar on a terminal, else a line for each round.
pub fn on_stderr(samples: usize) -> Box<dyn Progress> {
    if io::stderr().is_terminal() {
        Box::new(Bar::new(samples))
    } else {
        Box::new(Lines(Instant::now()))
    }
}

/// Drawn only between samples: a thread that redraws it would disturb the
/// measurement and make forking unsafe.
struct Bar(ProgressBar);

impl Bar {
    fn new(samples: usize) -> Self {
        let template = "{bar:30} {pos}/{len} samples, {eta} left  {msg}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(samples as u64).with_style(style))
    }
}

impl Progress for Bar {
    fn sample_taken(&mut self, tracker: &str, sample: &Sample) {
        self.0.set_message(format!("{tracker}: {}", sample.total));
        self.0.inc(1);
    }

    fn round_done(&mut self, _round: usize, _rounds: usize) {}

    fn finish(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Since when.
struct Lines(Instant);

impl Progress for Lines {
    fn sample_taken(&mut self, _tracker: &str, _sample: &Sample) {}

    fn round_done(&mut self, round: usize, rounds: usize) {
        let left = self.0.elapsed() * (rounds - round) as u32 / round as u32;
        // Nobody has to listen.
        let _ = writeln!(
            io::stderr(),
            "round {round} of {rounds}, about {} s left",
            left.as_secs()
        );
    }

    fn finish(&mut self) {}
}

/// For tests.
#[cfg(test)]
pub(crate) struct Silent;

#[cfg(test)]
impl Progress for Silent {
    fn sample_taken(&mut self, _tracker: &str, _sample: &Sample) {}
    fn round_done(&mut self, _round: usize, _rounds: usize) {}
    fn finish(&mut self) {}
}
