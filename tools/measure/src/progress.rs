// SPDX-License-Identifier: MIT OR Apache-2.0

//! Progress of a measurement, on stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use epoch_results::record::Sample;
use indicatif::{ProgressBar, ProgressStyle};

/// Receiver of the progress of a measurement.
pub trait Progress {
    /// Reports that a sample of a tracker was taken.
    fn sample_taken(&mut self, tracker: &str, sample: &Sample);
    /// Reports a note for the user.
    fn note(&mut self, note: &str);
    /// Reports that every tracker had its sample of the round.
    fn round_done(&mut self, round: usize, rounds: usize);
    /// Reports how precise the samples are, in percent, and how precise they are to be.
    fn precision(&mut self, _precision: Option<f64>, _wanted: f64) {}
    /// Reports that the measurement has ended, or failed.
    fn finish(&mut self);
}

/// Returns a progress bar on a terminal, else an output of one line per round.
pub fn on_stderr(samples: usize) -> Box<dyn Progress> {
    if io::stderr().is_terminal() {
        Box::new(Bar::new(samples))
    } else {
        Box::new(Lines(Instant::now()))
    }
}

fn warn(note: &str) {
    // Errors are ignored: nobody may be reading stderr.
    let _ = writeln!(io::stderr(), "warning: {note}");
}

/// Progress bar. Drawn only between samples: a thread that redraws it would disturb the measurement
/// and make forking unsafe.
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

    fn note(&mut self, note: &str) {
        self.0.suspend(|| warn(note));
    }

    fn round_done(&mut self, _round: usize, _rounds: usize) {}

    fn precision(&mut self, precision: Option<f64>, wanted: f64) {
        self.0.set_message(in_words(precision, wanted));
    }

    fn finish(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Prints a line for each round; holds the start time.
struct Lines(Instant);

impl Progress for Lines {
    fn sample_taken(&mut self, _tracker: &str, _sample: &Sample) {}

    fn note(&mut self, note: &str) {
        warn(note);
    }

    fn round_done(&mut self, round: usize, rounds: usize) {
        let left = self.0.elapsed() * (rounds - round) as u32 / round as u32;
        // Errors are ignored: nobody may be reading stderr.
        let _ = writeln!(
            io::stderr(),
            "round {round} of {rounds}, about {} s left",
            left.as_secs()
        );
    }

    fn precision(&mut self, precision: Option<f64>, wanted: f64) {
        // Errors are ignored: nobody may be reading stderr.
        let _ = writeln!(io::stderr(), "{}", in_words(precision, wanted));
    }

    fn finish(&mut self) {}
}

/// Describes the precision of the samples.
fn in_words(precision: Option<f64>, wanted: f64) -> String {
    match precision {
        Some(percent) => format!("ratio known to +/- {percent:.1}%, until {wanted}%"),
        None => format!("ratio not known yet, until +/- {wanted}%"),
    }
}

/// Progress of one of several measurements of the same length that are shown as one.
pub struct Part<'a> {
    whole: &'a mut dyn Progress,
    index: usize,
    parts: usize,
}

impl<'a> Part<'a> {
    /// Creates part `index`, counted from 0, of `parts`.
    pub fn new(whole: &'a mut dyn Progress, index: usize, parts: usize) -> Self {
        Self {
            whole,
            index,
            parts,
        }
    }
}

impl Progress for Part<'_> {
    fn sample_taken(&mut self, tracker: &str, sample: &Sample) {
        self.whole.sample_taken(tracker, sample);
    }

    fn note(&mut self, note: &str) {
        self.whole.note(note);
    }

    fn round_done(&mut self, round: usize, rounds: usize) {
        let before = self.index * rounds;
        self.whole.round_done(before + round, self.parts * rounds);
    }

    fn precision(&mut self, precision: Option<f64>, wanted: f64) {
        self.whole.precision(precision, wanted);
    }

    /// Does nothing: the owner of the whole finishes it.
    fn finish(&mut self) {}
}

/// Progress that is not shown, for tests.
#[cfg(any(test, feature = "fakes"))]
pub struct Silent;

#[cfg(any(test, feature = "fakes"))]
impl Progress for Silent {
    fn sample_taken(&mut self, _tracker: &str, _sample: &Sample) {}
    fn note(&mut self, _note: &str) {}
    fn round_done(&mut self, _round: usize, _rounds: usize) {}
    fn finish(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rounds(Vec<(usize, usize)>);

    impl Progress for Rounds {
        fn sample_taken(&mut self, _tracker: &str, _sample: &Sample) {}
        fn note(&mut self, _note: &str) {}
        fn round_done(&mut self, round: usize, rounds: usize) {
            self.0.push((round, rounds));
        }
        fn finish(&mut self) {
            panic!("a part finished the whole");
        }
    }

    #[test]
    fn parts_continue_the_count() {
        let mut whole = Rounds(Vec::new());
        for index in 0..2 {
            let mut part = Part::new(&mut whole, index, 2);
            part.round_done(1, 2);
            part.round_done(2, 2);
            part.finish();
        }
        assert_eq!(whole.0, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    }
}
