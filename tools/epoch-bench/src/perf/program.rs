// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sampling the kernel's stacks with perf.
//!
//! perf records system-wide (`-a`) rather than per task: that takes one event for each CPU however
//! many tasks there are, and includes kernel threads that work for the tasks, such as those that
//! run grace periods. Only the kernel is sampled. Its stacks are unwound by the kernel itself,
//! with ORC or frame pointers.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, geteuid, getpid, getppid, mkfifo};

use epoch_results::record::Source;

use crate::perf::event::{Event, TIMER};

/// Advice on the package to install if perf is missing.
pub const PACKAGE: &str = "install the one of this kernel (Debian: 'apt-get install linux-perf')";

/// Timeout for perf's answers. It reads all of /proc when it starts, possibly on a large machine
/// under load: only a hang takes this long.
const PATIENCE: Duration = Duration::from_secs(300);
/// Interval of checks whether perf is still running, in milliseconds.
const POLL_MS: u16 = 50;

/// File with the restriction of users other than root.
pub const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";
/// Highest level in that file at which they may sample all CPUs.
pub const ALL_CPUS: i32 = 0;

const KALLSYMS: &str = "/proc/kallsyms";

/// Number of lines of perf's messages that are quoted.
const TOLD_LINES: usize = 3;

/// The perf program.
#[derive(Clone, Debug)]
pub struct Perf {
    program: PathBuf,
    version: String,
}

impl Perf {
    /// Finds perf in `PATH`. Fails if there is none, or if it does not run.
    pub fn find() -> Result<Self> {
        Self::at("perf")
    }

    /// Takes a perf of this name or path. Fails if there is none, or if it does not run.
    pub fn at(program: impl AsRef<Path>) -> Result<Self> {
        let program = program.as_ref().to_owned();
        let output = match Command::new(&program).arg("--version").output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no perf: {PACKAGE}")
            }
            other => other.context("perf cannot be executed")?,
        };
        // Ubuntu's is a script that searches for the one of the running kernel.
        if !output.status.success() {
            let said = told(&String::from_utf8_lossy(&output.stderr));
            bail!("perf does not run ({said}): {PACKAGE}");
        }
        let version = String::from_utf8_lossy(&output.stdout);
        let version = version.trim();
        Ok(Self {
            program,
            version: version
                .strip_prefix("perf version ")
                .unwrap_or(version)
                .into(),
        })
    }

    /// Returns the version of perf.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Determines with a short recording which event can be counted here. Without cycles, as in
    /// most virtual machines, a timer replaces them; for other events there is no replacement, and
    /// this fails.
    pub fn choose(&self, event: &Event) -> Result<Source> {
        let source = |name: &str, instead_of: Option<&Event>| Source {
            event: name.to_owned(),
            instead_of: instead_of.map(|event| event.asked().to_owned()),
        };
        let name = event.perf_name();
        match self.counted(name) {
            // perf replaces cycles by a timer as well, without saying so.
            Ok(counted) if !event.is_cycles() || !is_timer(&counted) => Ok(source(name, None)),
            Err(error) if !event.is_cycles() => Err(error),
            _ => {
                self.counted(TIMER)?;
                Ok(source(TIMER, Some(event)))
            }
        }
    }

    /// Returns the events that perf counts in fact when asked for this one.
    fn counted(&self, event: &str) -> Result<String> {
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let data = dir.path().join("perf.data");
        let mut record = self.command("record");
        record.args([
            "--all-cpus",
            "--all-kernel",
            "--no-buildid",
            "--event",
            event,
        ]);
        record.arg("--output").arg(&data).args(["--", "true"]);
        let (mut child, messages) = spawn(&mut record, Stdio::null())?;
        let status = child.wait().context("perf record cannot be waited for")?;
        if !status.success() {
            return Err(refused(event, messages));
        }
        let list = self.command("evlist").arg("--input").arg(&data).output();
        let list = list.context("perf evlist cannot be executed")?;
        Ok(String::from_utf8_lossy(&list.stdout).into_owned())
    }

    /// Starts to record into the file `data`, with all events disabled, and returns when perf is
    /// ready to enable them.
    ///
    /// `frequency_hz` is the number of samples a second that perf takes on each CPU.
    pub fn record(&self, source: &Source, frequency_hz: u32, data: &Path) -> Result<Recording> {
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let fifo = |name| -> Result<(PathBuf, File)> {
            let path = dir.path().join(name);
            mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).context("no FIFO for perf")?;
            // Opened for reading and writing, so that neither side waits for the other.
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(&path)
                .context("no FIFO for perf")?;
            Ok((path, file))
        };
        let (orders_path, orders) = fifo("orders")?;
        let (answers_path, answers) = fifo("answers")?;
        let mut control = OsStr::new("--control=fifo:").to_owned();
        control.push(&orders_path);
        control.push(",");
        control.push(&answers_path);
        let mut record = self.command("record");
        record.args(["--all-cpus", "--all-kernel", "--kernel-callchains", "-g"]);
        record.args(["--event", &source.event]);
        record.args(["--freq", &frequency_hz.to_string(), "--strict-freq"]);
        // Symbols of the running kernel need no build IDs, which perf would search for in
        // everything that it recorded.
        record.args(["--no-buildid", "--delay=-1"]);
        // Only the names of existing tasks are needed.
        record.arg("--synth=task");
        record.arg(control).arg("--output").arg(data);
        let (child, messages) = spawn(&mut record, Stdio::null())?;
        let mut recording = Recording {
            child,
            messages,
            orders,
            answers,
            event: source.event.clone(),
            _dir: dir,
        };
        recording.order("ping")?;
        Ok(recording)
    }

    /// Returns the samples in a file that [`record`](Self::record) wrote, as text for
    /// [`Stacks::read`](crate::perf::fold::Stacks::read). The functions' names are those of the kernel
    /// and its modules as currently loaded.
    pub fn script(&self, data: &Path) -> Result<Script> {
        let mut script = self.command("script");
        script.arg("--input").arg(data);
        script.args(["--show-lost-events", "--no-inline"]);
        script.args(["--fields", "comm,pid,tid,time,ip,sym,dso"]);
        let (mut child, messages) = spawn(&mut script, Stdio::piped())?;
        let stdout = child.0.stdout.take().context("perf script has no output")?;
        Ok(Script {
            child,
            messages,
            stdout,
        })
    }

    /// Returns a command that does not outlive us, does not receive the terminal's Ctrl-C, which
    /// is ours to handle, and does not depend on the user's configuration.
    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(subcommand)
            .env("LC_ALL", "C")
            .env("PERF_CONFIG", "/dev/null")
            .stdin(Stdio::null())
            .process_group(0);
        let parent = getpid();
        // SAFETY: the closure only makes system calls, which a child may do after a fork, whatever
        // other threads were doing.
        unsafe {
            command.pre_exec(move || {
                // perf must receive the signals that we block: the end of its own child, and ours
                // to terminate it.
                SigSet::empty().thread_set_mask()?;
                prctl::set_pdeathsig(Signal::SIGKILL)?;
                // Our process may have died before this took effect.
                if getppid() != parent {
                    return Err(Errno::ESRCH.into());
                }
                Ok(())
            });
        }
        command
    }
}

/// A process that is killed when dropped.
struct Tied(Child);

impl Tied {
    fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }
}

impl Drop for Tied {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command with a file for its messages: a pipe would have to be read concurrently.
fn spawn(command: &mut Command, stdout: Stdio) -> Result<(Tied, File)> {
    let messages = tempfile::tempfile().context("no temporary file")?;
    let stderr = messages.try_clone().context("no temporary file")?;
    let child = command.stdout(stdout).stderr(stderr).spawn();
    Ok((Tied(child.context("perf cannot be executed")?), messages))
}

/// A running perf.
pub struct Recording {
    child: Tied,
    messages: File,
    orders: File,
    answers: File,
    event: String,
    /// Directory of the FIFOs.
    _dir: tempfile::TempDir,
}

impl Recording {
    /// Starts taking samples.
    pub fn enable(&mut self) -> Result<()> {
        self.order("enable")
    }

    /// Stops taking samples, until they are enabled again.
    pub fn disable(&mut self) -> Result<()> {
        self.order("disable")
    }

    /// Sends perf an order and waits until it is carried out.
    fn order(&mut self, order: &str) -> Result<()> {
        writeln!(self.orders, "{order}").context("perf cannot be given orders")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut fds = [PollFd::new(self.answers.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::from(POLL_MS)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    let mut answer = [0; 64];
                    let read = self.answers.read(&mut answer);
                    let read = read.context("perf's answer cannot be read")?;
                    // "ack", a newline and a NUL.
                    if answer[..read].contains(&b'\n') {
                        return Ok(());
                    }
                }
                Err(errno) => return Err(errno).context("poll failed"),
            }
            let ended = self.child.0.try_wait();
            if ended.context("perf cannot be waited for")?.is_some() {
                return Err(refused(&self.event, self.messages.try_clone()?));
            }
            if Instant::now() > deadline {
                bail!(
                    "perf does not answer '{order}' within {} seconds: take a newer perf (at least \
                     that of Linux 5.15), or a smaller load",
                    PATIENCE.as_secs()
                );
            }
        }
    }

    /// Terminates perf, which completes its file.
    pub fn finish(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.0.id()).context("perf's process ID")?;
        let ended = self.child.0.try_wait();
        if ended.context("perf cannot be waited for")?.is_none() {
            kill(Pid::from_raw(pid), Signal::SIGINT).context("perf cannot be ended")?;
        }
        let status = self.child.wait().context("perf cannot be waited for")?;
        // When it has finished, perf exits as if the signal had killed it.
        if status.success() || status.signal() == Some(Signal::SIGINT as i32) {
            return Ok(());
        }
        Err(refused(&self.event, self.messages))
    }
}

/// Output of `perf script`.
pub struct Script {
    child: Tied,
    messages: File,
    stdout: ChildStdout,
}

impl Script {
    /// Checks, after everything is read, that perf succeeded.
    pub fn finish(mut self) -> Result<()> {
        let status = self.child.wait().context("perf cannot be waited for")?;
        if status.success() {
            return Ok(());
        }
        bail!("perf script failed ({status}): {}", read(self.messages));
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stdout.read(buffer)
    }
}

/// Returns whether a list of events begins with a timer.
fn is_timer(events: &str) -> bool {
    [TIMER, "task-clock"]
        .iter()
        .any(|timer| events.starts_with(timer))
}

/// Returns why perf did not record, as far as it is known.
fn refused(event: &str, messages: File) -> anyhow::Error {
    let paranoid = fs::read_to_string(PARANOID).ok();
    let fix = fix(geteuid().is_root(), paranoid.as_deref(), event);
    anyhow!("perf cannot record {event} ({}): {fix}", read(messages))
}

fn fix(root: bool, paranoid: Option<&str>, event: &str) -> String {
    let level = paranoid.map(|level| level.trim().parse::<i32>());
    match level {
        None => "take a kernel with CONFIG_PERF_EVENTS=y".into(),
        Some(Ok(level)) if !root && level > ALL_CPUS => format!(
            "run as root, or allow it with 'sysctl kernel.perf_event_paranoid={ALL_CPUS}' (it is \
             {level})"
        ),
        _ => format!("see whether 'perf record -a -e {event} -- true' works"),
    }
}

fn read(mut messages: File) -> String {
    let mut text = String::new();
    match messages
        .rewind()
        .and_then(|()| messages.read_to_string(&mut text))
    {
        Ok(_) => told(&text),
        Err(error) => format!("its messages cannot be read: {error}"),
    }
}

/// Returns the first lines of perf's messages, as one.
fn told(messages: &str) -> String {
    let lines: Vec<_> = messages
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && *line != "Error:" && !line.starts_with("Events "))
        .take(TOLD_LINES)
        .collect();
    match &lines[..] {
        [] => "it does not say why".into(),
        lines => lines.join("; "),
    }
}

/// Fails if the kernel hides addresses, so that samples would have no names.
pub fn check_symbols() -> Result<()> {
    let kallsyms = File::open(KALLSYMS).with_context(|| format!("cannot read {KALLSYMS}"))?;
    if has_addresses(BufReader::new(kallsyms)).with_context(|| format!("cannot read {KALLSYMS}"))? {
        return Ok(());
    }
    bail!(
        "the kernel hides where its functions are: run as root, and allow it with 'sysctl \
         kernel.kptr_restrict=0' (or take a kernel with CONFIG_KALLSYMS=y)"
    )
}

/// Returns whether any of these symbols has an address. The first may be per-CPU variables, which
/// count from 0.
fn has_addresses(kallsyms: impl BufRead) -> io::Result<bool> {
    for line in kallsyms.lines() {
        let line = line?;
        let mut address = line.bytes().take_while(|byte| *byte != b' ');
        if address.any(|byte| byte != b'0') {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_who_may_not_record_are_told_how() {
        let paranoid = |root, level| fix(root, level, "cycles");
        assert!(paranoid(false, Some("3\n")).contains("perf_event_paranoid=0' (it is 3)"));
        assert!(paranoid(true, Some("3\n")).contains("perf record -a -e cycles"));
        assert!(paranoid(false, Some("-1\n")).contains("perf record -a -e cycles"));
        assert!(paranoid(true, None).contains("CONFIG_PERF_EVENTS"));
    }

    #[test]
    fn hidden_addresses_are_found() {
        let has = |text: &str| has_addresses(text.as_bytes()).unwrap();
        assert!(has(
            "0000000000000000 D fixed_percpu_data\nffffffff81000000 T _stext\n"
        ));
        assert!(!has(
            "0000000000000000 T _stext\n0000000000000000 T _text\n"
        ));
        assert!(!has(""));
    }

    #[test]
    fn messages_of_perf_become_one_line() {
        let text = "Events disabled\nError:\n\none\n two \nthree\nfour\n";
        assert_eq!(told(text), "one; two; three");
        assert_eq!(told("\n"), "it does not say why");
    }
}
