// SPDX-License-Identifier: MIT OR Apache-2.0

//! `epoch-bench timeline`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use epoch_measure::signals::{SignalWatch, interrupted};
use host::destination::Destination;
use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use super::setup::{say, warn};
use crate::cli::TimelineArgs;
use crate::show::timeline;

/// Where the kernel's traces may be.
const TRACING: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

pub fn execute(args: &TimelineArgs) -> Result<()> {
    let destination = Destination::open("--output", &args.output)?;
    let signals = SignalWatch::new()?;
    let trace = Instance::create()?;
    trace.write("trace_clock", "mono")?;
    trace.write("buffer_size_kb", &args.buffer_kib.to_string())?;
    for event in ["gp_start", "gp_end", "stall", "callbacks"] {
        trace.enable(event)?;
    }
    if !args.no_sections {
        trace.enable("enter")?;
        trace.enable("exit")?;
    }
    match signals.next(PollTimeout::try_from(args.ms)?)? {
        None | Some(Signal::SIGCHLD) => {}
        Some(signal) => bail!(interrupted(signal)),
    }
    trace.write("tracing_on", "0")?;
    let timeline = timeline::convert(&trace.read("trace")?)?;
    let lost = trace.lost();
    drop(trace);
    destination.write(|out| Ok(out.write_all(timeline.json.as_bytes())?))?;
    say(&format!(
        "{} ms: {} sections, {} grace periods, {} callbacks; open the file in ui.perfetto.dev or \
         chrome://tracing",
        args.ms, timeline.sections, timeline.grace_periods, timeline.callbacks
    ));
    if lost > 0 {
        warn(&format!(
            "{lost} events were lost, and what is there is the end: take fewer --ms, more \
             --buffer-kib, or --no-sections"
        ));
    }
    Ok(())
}

/// A buffer of the kernel's traces of our own: nobody else's traces are disturbed. It is removed
/// when dropped.
struct Instance {
    dir: PathBuf,
}

impl Instance {
    fn create() -> Result<Self> {
        let mut known = TRACING.into_iter().map(Path::new);
        let tracing = known.find(|dir| dir.join("instances").is_dir()).context(
            "there are no traces: run as root, and 'mount -t tracefs t /sys/kernel/tracing'",
        )?;
        if !tracing.join("events/epoch").is_dir() {
            bail!(
                "there are no events of epochs: epoch.ko is not loaded ('insmod epoch.ko'; \
                 'epoch-bench doctor' says what it takes)"
            );
        }
        let dir = tracing.join(format!("instances/epoch-bench-{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { dir })
    }

    fn write(&self, file: &str, value: &str) -> Result<()> {
        let path = self.dir.join(file);
        fs::write(&path, value).with_context(|| format!("cannot write {}", path.display()))
    }

    fn enable(&self, event: &str) -> Result<()> {
        self.write(&format!("events/epoch/epoch_{event}/enable"), "1")
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.dir.join(file);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // Names of tasks may be anything.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the number of events that the buffers of all CPUs had no room for.
    fn lost(&self) -> u64 {
        let cpus = fs::read_dir(self.dir.join("per_cpu")).into_iter().flatten();
        let stats = cpus.filter_map(|cpu| fs::read_to_string(cpu.ok()?.path().join("stats")).ok());
        let count = |stats: String| -> u64 {
            let lines = stats.lines().filter_map(|line| line.split_once(": "));
            let lost = lines.filter(|(name, _)| matches!(*name, "overrun" | "dropped events"));
            lost.filter_map(|(_, count)| count.parse::<u64>().ok())
                .sum()
        };
        stats.map(count).sum()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Events that are enabled keep their probes until then.
        let _ = self.write("events/enable", "0");
        if let Err(error) = fs::remove_dir(&self.dir) {
            warn(&format!("{} is left: {error}", self.dir.display()));
        }
    }
}
