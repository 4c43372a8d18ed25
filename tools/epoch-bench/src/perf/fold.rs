// SPDX-License-Identifier: MIT OR Apache-2.0

//! Folding: counting equal stacks together.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, Read};

use anyhow::{Context, Result, ensure};
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
        let mut script = Numbered::new(script);
        let mut options = Options::default();
        options.nthreads = 1;
        // Name of the event, which is not among the fields: hybrid CPUs have two names for the
        // same event.
        options.event_filter = Some(String::new());
        let mut folded = Vec::new();
        Folder::from(options)
            .collapse(&mut script, &mut folded)
            .context("perf script's output cannot be folded")?;
        let folded =
            String::from_utf8(folded).context("perf script's output is not text: try again")?;
        let stacks = Self::parse(&folded, &script)?;
        let counted = stacks.samples() + stacks.idle;
        ensure!(
            counted == script.samples,
            "perf script printed {} samples, and {counted} of them were counted: this is a bug",
            script.samples
        );
        Ok(stacks)
    }

    fn parse<R>(folded: &str, script: &Numbered<R>) -> Result<Self> {
        let mut stacks = Self {
            lost: script.lost,
            ..Self::default()
        };
        for line in folded.lines() {
            let parts = line
                .rsplit_once(' ')
                .and_then(|(stack, count)| Some((stack, count.parse::<u64>().ok()?)));
            let (stack, count) = parts.with_context(|| format!("this is no stack: '{line}'"))?;
            let mut frames = stack.split(';');
            let task = frames
                .next()
                .and_then(|number| number.parse::<usize>().ok())
                .and_then(|number| script.tasks.get(number))
                .with_context(|| format!("this stack has no task: '{line}'"))?;
            let Some(task) = task else {
                stacks.idle += count;
                continue;
            };
            let frames = frames.map(readable);
            let stack = std::iter::once(task.clone()).chain(frames);
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

/// Returns `kworker` for `kworker/3:1-events`, and `ksoftirqd` for `ksoftirqd/3`; names may not
/// contain the separator of frames, nor begin another line.
fn task(comm: &str) -> String {
    // perf names a task whose name it did not learn ":PID", with the PID -1 if it is exiting.
    let pid = comm.strip_prefix(':');
    if pid.is_some_and(|pid| pid.parse::<i64>().is_ok()) {
        return "[unknown task]".into();
    }
    let name = match comm.split_once('/') {
        Some((name, _)) if !name.is_empty() => name,
        _ => comm,
    };
    name.chars()
        .map(|char| match char {
            ';' => ':',
            char if char.is_control() => '?',
            char => char,
        })
        .collect()
}

/// Returns a readable symbol; frames may not contain their separator.
fn readable(symbol: &str) -> String {
    match rustc_demangle::try_demangle(symbol) {
        Ok(name) => format!("{name:#}").replace(';', ":"),
        Err(_) => symbol.to_owned(),
    }
}

/// Output of `perf script` with the tasks' numbers instead of their names, which may contain
/// whatever inferno takes for something else: separators, spaces and numbers, a comment's
/// beginning, a new line.
///
/// perf's messages about lost samples are left out, since inferno would take them for the beginning
/// of a stack.
struct Numbered<R> {
    inner: R,
    /// The line that is read, and the number of its bytes that have been.
    line: Vec<u8>,
    read: usize,
    /// Lines of a name that has several.
    name: String,
    /// The names by number; `None` for idle tasks.
    tasks: Vec<Option<String>>,
    numbers: HashMap<Option<String>, usize>,
    samples: u64,
    lost: u64,
    /// True after the first line of a sample, which inferno drops if it has no frame.
    awaits_frame: bool,
}

/// Frame of a sample without any.
const NO_FRAME: &[u8] = b"\t0 [no stack] ([kernel.kallsyms])\n";

/// The first line of a sample.
struct Head<'a> {
    comm: &'a str,
    pid: &'a str,
    time: &'a str,
}

impl<'a> Head<'a> {
    /// Reads `COMM PID/TID TIME:` from the end, since a name may contain spaces and numbers.
    fn read(line: &'a str) -> Option<Self> {
        let line = line.trim_end().strip_suffix(':')?;
        let (line, time) = line.rsplit_once(' ')?;
        let (comm, ids) = line.trim_end().rsplit_once(' ')?;
        let (pid, tid) = ids.split_once('/')?;
        let valid = time.parse::<f64>().is_ok() && [pid, tid].iter().all(|id| is_pid(id));
        valid.then_some(Self {
            comm: comm.trim(),
            pid,
            time,
        })
    }
}

fn is_pid(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

impl<R> Numbered<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            line: Vec::new(),
            read: 0,
            name: String::new(),
            tasks: Vec::new(),
            numbers: HashMap::new(),
            samples: 0,
            lost: 0,
            awaits_frame: false,
        }
    }

    /// Replaces the name in the line, or leaves the line out.
    fn number(&mut self) {
        let is_frame = self.line.starts_with(b"\t");
        if is_frame || self.line.trim_ascii().is_empty() {
            if std::mem::take(&mut self.awaits_frame) && !is_frame {
                self.line.splice(0..0, NO_FRAME.iter().copied());
            }
            return;
        }
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if let Some((_, lost)) = line.split_once(LOST) {
            let lost = lost.trim().parse().unwrap_or(0);
            self.lost = self.lost.saturating_add(lost);
            return;
        }
        let line = std::mem::take(&mut self.name) + &line;
        let Some(head) = Head::read(&line) else {
            self.name = line;
            return;
        };
        let name = (head.pid != "0").then(|| task(head.comm));
        let next = self.tasks.len();
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.tasks.push(name);
        }
        self.samples += 1;
        self.awaits_frame = true;
        self.line = format!("{number} 1/1 {}: \n", head.time).into_bytes();
    }
}

impl<R: BufRead> BufRead for Numbered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.line.len() {
            self.line.clear();
            self.read = 0;
            if self.inner.read_until(b'\n', &mut self.line)? == 0 && !self.awaits_frame {
                break;
            }
            self.number();
        }
        Ok(&self.line[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read += amount;
    }
}

impl<R: BufRead> Read for Numbered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(heads: &[&str]) -> String {
        let sample =
            |head: &&str| format!("{head}\n\tffffffff81000001 foo ([kernel.kallsyms])\n\n");
        let script: String = heads.iter().map(sample).collect();
        let stacks = Stacks::read(script.as_bytes()).unwrap();
        assert_eq!(stacks.samples() + stacks.idle, heads.len() as u64);
        stacks.to_text(1)
    }

    #[test]
    fn names_of_tasks_may_be_anything() {
        for (head, task) in [
            ("good 7/7 7.99: ", "good"),
            ("a;b 174/174 7.99: ", "a:b"),
            (":-1 -1/-1 7.99: ", "[unknown task]"),
            (":77 77/77 7.99: ", "[unknown task]"),
            ("# c 5/5 7.99: ", "# c"),
            ("my task 1/2 5/5 7.99: ", "my task 1"),
            ("a 1/1 7.99: 5/5 7.99: ", "a 1"),
            ("x: 5/5 7.99: ", "x:"),
            ("a\nb 5/5 7.99: ", "a?b"),
            ("\u{1b}[2J 5/5 7.99: ", "?[2J"),
            ("/bin/sh 5/5 7.99: ", "/bin/sh"),
            ("kworker/3:1-events 5/5 7.99: ", "kworker"),
            ("- 5/5 7.99: ", "-"),
            ("5 5/5 7.99: ", "5"),
        ] {
            assert_eq!(folded(&[head]), format!("{task};foo 1\n"), "{head}");
        }
        assert_eq!(folded(&["swapper 0/0 7.99: "]), "");
    }

    #[test]
    fn no_sample_vanishes() {
        let heads = [
            "a 1/1 7.9: ",
            "# c 5/5 8.0: ",
            ":-1 -1/-1 8.1: ",
            "good 7/7 8.2: ",
        ];
        assert_eq!(folded(&heads).lines().count(), 4);
        let script = "a 1/1 7.9: \n\nb 2/2 8.0: \n\tffffffff81000001 foo ([k])\n\na 1/1 8.1: ";
        let stacks = Stacks::read(script.as_bytes()).unwrap();
        assert_eq!(stacks.to_text(1), "a;[no stack] 2\nb;foo 1\n");
        assert_eq!(stacks.unnamed(), 2);
    }
}
