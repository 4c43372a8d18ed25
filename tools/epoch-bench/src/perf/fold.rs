// SPDX-License-Identifier: MIT OR Apache-2.0

//! Folding: counting equal stacks together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Read};

use anyhow::{Context, Result};
use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};

/// Prefix of the lines that `perf script --show-lost-events` prints between samples.
const LOST: &str = "PERF_RECORD_LOST lost ";

/// Counted kernel stacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    /// Frames from the root to the leaf, joined by `;`; the root is the task's
    /// name.
    counts: BTreeMap<String, u64>,
    /// Samples of idle CPUs, which are not among the stacks.
    pub idle: u64,
    /// Samples that perf had no room for.
    pub lost: u64,
}

impl Stacks {
    /// Reads the output of `perf script` with the fields that
    /// [`Perf::script`](crate::perf::program::Perf::script) asks for.
    ///
    /// Rust's symbols are demangled, without the hashes. The task's name is the root of each
    /// stack, which distinguishes workers, kernel threads and perf itself; per-CPU kernel threads
    /// count as one. Stacks of the idle tasks (pid 0) are counted separately.
    pub fn read(script: impl BufRead) -> Result<Self> {
        gather_entropy();
        let mut script = Losses {
            inner: script,
            line: Vec::new(),
            read: 0,
            lost: 0,
        };
        let mut options = Options::default();
        options.nthreads = 1;
        // Name of the event, which is not among the fields: hybrid CPUs have two names for the
        // same event.
        options.event_filter = Some(String::new());
        options.include_pid = true;
        let mut folded = Vec::new();
        Folder::from(options)
            .collapse(&mut script, &mut folded)
            .context("perf script's output cannot be folded")?;
        let folded =
            String::from_utf8(folded).context("perf script's output is not text: try again")?;
        let mut stacks = Self::parse(&folded)?;
        stacks.lost = script.lost;
        Ok(stacks)
    }

    fn parse(folded: &str) -> Result<Self> {
        let mut stacks = Self::default();
        for line in folded.lines() {
            let parts = line
                .rsplit_once(' ')
                .and_then(|(stack, count)| Some((stack, count.parse::<u64>().ok()?)));
            let (stack, count) = parts.with_context(|| format!("this is no stack: '{line}'"))?;
            let mut frames = stack.split(';');
            let (comm, pid) = frames
                .next()
                .and_then(|task| task.rsplit_once('-'))
                .with_context(|| format!("this stack has no task: '{line}'"))?;
            if pid == "0" {
                stacks.idle += count;
                continue;
            }
            let frames = frames.map(readable);
            let stack = std::iter::once(task(comm).to_owned()).chain(frames);
            let stack = stack.collect::<Vec<_>>().join(";");
            *stacks.counts.entry(stack).or_default() += count;
        }
        Ok(stacks)
    }

    /// Returns the number of samples of the stacks, without those of idle CPUs.
    pub fn samples(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Returns the number of these samples at an address without a symbol.
    pub fn unnamed(&self) -> u64 {
        self.self_samples()
            .filter(|(symbol, _)| symbol.starts_with('['))
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns the functions that ran, once for each stack that ends in them, with the samples of
    /// that stack.
    pub fn self_samples(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(stack, count)| {
            let leaf = stack.rsplit_once(';').map_or(&stack[..], |(_, leaf)| leaf);
            (leaf, *count)
        })
    }

    /// Returns whether there are samples of this stack, or of a longer one that begins with it.
    pub fn have(&self, stack: &str) -> bool {
        let callees = format!("{stack};");
        let mut longer = self.counts.range(callees.clone()..);
        self.counts.contains_key(stack)
            || longer
                .next()
                .is_some_and(|(next, _)| next.starts_with(&callees))
    }

    /// Formats one line for each stack, as flame graph tools read them: frames joined by `;`, a
    /// space, and the number of samples times `factor`.
    pub fn to_text(&self, factor: u64) -> String {
        let line = |(stack, count): (&String, &u64)| format!("{stack} {}\n", count * factor);
        self.counts.iter().map(line).collect::<Vec<_>>().concat()
    }
}

/// Waits until the kernel has random numbers.
///
/// inferno's hash tables are seeded with some, and a static program polls /dev/random for them: in
/// a small guest soon after boot, forever, because the kernel generates entropy only for readers.
fn gather_entropy() {
    let _ = File::open("/dev/random").and_then(|mut random| random.read(&mut [0]));
}

/// Returns `kworker` for `kworker/3:1-events`, and `ksoftirqd` for `ksoftirqd/3`.
fn task(comm: &str) -> &str {
    // perf names a task whose name it did not learn ":PID".
    let unknown = comm.strip_prefix(':');
    if unknown.is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit())) {
        return "[unknown task]";
    }
    comm.split('/').next().unwrap_or(comm)
}

/// Returns a readable symbol; frames may not contain their separator.
fn readable(symbol: &str) -> String {
    match rustc_demangle::try_demangle(symbol) {
        Ok(name) => format!("{name:#}").replace(';', ":"),
        Err(_) => symbol.to_owned(),
    }
}

/// Removes perf's messages about lost samples, which inferno would take for the beginning of a
/// stack.
struct Losses<R> {
    inner: R,
    line: Vec<u8>,
    read: usize,
    lost: u64,
}

impl<R: BufRead> BufRead for Losses<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.line.len() {
            self.line.clear();
            self.read = 0;
            if self.inner.read_until(b'\n', &mut self.line)? == 0 {
                break;
            }
            if let Some(lost) = losses(&self.line) {
                self.lost = self.lost.saturating_add(lost);
                self.line.clear();
            }
        }
        Ok(&self.line[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}

impl<R: BufRead> Read for Losses<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

fn losses(line: &[u8]) -> Option<u64> {
    // Most lines are frames.
    if line.starts_with(b"\t") {
        return None;
    }
    let line = std::str::from_utf8(line).ok()?;
    let (_, lost) = line.split_once(LOST)?;
    lost.trim().parse().ok()
}
