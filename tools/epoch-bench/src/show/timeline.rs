// SPDX-License-Identifier: MIT OR Apache-2.0

//! Events of epoch.ko's tracepoints as a timeline that Perfetto and chrome://tracing open: the
//! Trace Event Format, in JSON.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

/// Process of the tracks of epochs; those of tasks have their own PIDs.
const EPOCHS: u32 = 0;

/// A line of the kernel's trace.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    task: &'a str,
    pid: u32,
    cpu: u32,
    us: f64,
    event: &'a str,
    /// `name=table seq=3 ...`
    fields: &'a str,
}

impl<'a> Line<'a> {
    /// Reads `TASK-PID [CPU] FLAGS SECONDS: EVENT: FIELDS`, in which the task's name may contain
    /// anything.
    fn read(line: &'a str) -> Option<Self> {
        let (head, rest) = line.split_once(": epoch_")?;
        let event = &line[head.len() + 2..];
        let event = &event[..event.find(": ")?];
        let fields = &rest[rest.find(": ")? + 2..];
        let mut words = head.split_whitespace().rev();
        let seconds: f64 = words.next()?.parse().ok()?;
        let (before, _) = head.rsplit_once(" [")?;
        let cpu = &head[before.len() + 2..];
        let cpu = cpu[..cpu.find(']')?].parse().ok()?;
        let (task, pid) = before.trim().rsplit_once('-')?;
        Some(Self {
            task,
            pid: pid.parse().ok()?,
            cpu,
            us: 1e6 * seconds,
            event,
            fields,
        })
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        let words = self.fields.split(' ');
        words
            .filter_map(|word| word.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, of)| of)
    }

    /// Returns the name of the epoch, which may contain spaces, and ends before the next field.
    fn epoch(&self) -> &'a str {
        let name = self.fields.strip_prefix("name=").unwrap_or(self.fields);
        let ends = [" seq=", " count=", " at="]
            .into_iter()
            .filter_map(|next| name.find(next));
        &name[..ends.min().unwrap_or(name.len())]
    }

    fn number(&self, name: &str) -> Result<u64> {
        let text = self.field(name);
        text.and_then(|text| text.parse().ok())
            .with_context(|| format!("{} has no number {name}: '{}'", self.event, self.fields))
    }
}

/// An event of the format.
#[derive(Debug, Serialize)]
struct Event<'a> {
    name: &'a str,
    ph: &'static str,
    pid: u32,
    tid: u32,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

/// A timeline, and what is in it.
#[derive(Debug)]
pub struct Timeline {
    /// The whole file.
    pub json: String,
    /// Number of sections, whole ones and those that were cut off.
    pub sections: usize,
    /// Number of grace periods.
    pub grace_periods: usize,
    /// Number of callbacks.
    pub callbacks: u64,
}

/// Converts the text of the kernel's trace.
pub fn convert(trace: &str) -> Result<Timeline> {
    let lines: Vec<_> = trace.lines().filter_map(Line::read).collect();
    let (begin, end) = match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => (first.us, last.us),
        _ => (0.0, 0.0),
    };
    let mut tracks = Tracks::default();
    // Sections that are open, by task and epoch, the innermost last.
    let mut open: BTreeMap<(u32, &str), Vec<&Line<'_>>> = BTreeMap::new();
    let (mut sections, mut grace_periods, mut callbacks) = (0, 0, 0);
    for line in &lines {
        let epoch = line.epoch();
        match line.event {
            "epoch_enter" => open.entry((line.pid, epoch)).or_default().push(line),
            "epoch_exit" => {
                let entered = open.get_mut(&(line.pid, epoch)).and_then(Vec::pop);
                // Entered before the beginning, or by another task.
                let from = entered.map_or(begin, |entered| entered.us);
                let at = entered.unwrap_or(line).field("at");
                tracks.section(line, from, line.us, json!({"at": at, "cpu": line.cpu}));
                sections += 1;
            }
            "epoch_gp_end" => {
                let duration = line.number("duration_ns")? as f64 / 1e3;
                let name = match line.field("expedited") {
                    Some("1") => "grace period, expedited",
                    _ => "grace period",
                };
                let from = (line.us - duration).max(begin);
                let args = json!({"seq": line.number("seq")?});
                tracks.of_epoch(epoch, name, "X", from, Some(line.us - from), args);
                grace_periods += 1;
            }
            "epoch_callbacks" => {
                let count = line.number("count")?;
                let args = json!({"count": count, "cpu": line.cpu});
                tracks.of_epoch(epoch, "callbacks", "i", line.us, None, args);
                callbacks += count;
            }
            "epoch_stall" => {
                let args = json!({"readers": line.number("readers")?});
                tracks.of_epoch(epoch, "stall", "i", line.us, None, args);
            }
            // Each has an end, or lasts beyond the trace.
            _ => {}
        }
    }
    for entered in open.into_values().flatten() {
        let args = json!({"at": entered.field("at"), "cpu": entered.cpu, "left": false});
        tracks.section(entered, entered.us, end, args);
        sections += 1;
    }
    Ok(Timeline {
        json: tracks.json()?,
        sections,
        grace_periods,
        callbacks,
    })
}

/// Events, and the names of their tracks.
#[derive(Default)]
struct Tracks<'a> {
    events: Vec<Event<'a>>,
    tasks: BTreeMap<u32, &'a str>,
    epochs: Vec<&'a str>,
}

impl<'a> Tracks<'a> {
    fn section(&mut self, line: &Line<'a>, from: f64, until: f64, args: Value) {
        self.tasks.insert(line.pid, line.task);
        self.events.push(Event {
            name: line.epoch(),
            ph: "X",
            pid: line.pid,
            tid: line.pid,
            ts: from,
            dur: Some(until - from),
            args,
        });
    }

    fn of_epoch(
        &mut self,
        epoch: &'a str,
        name: &'a str,
        ph: &'static str,
        ts: f64,
        dur: Option<f64>,
        args: Value,
    ) {
        let known = self.epochs.iter().position(|known| *known == epoch);
        let track = known.unwrap_or_else(|| {
            self.epochs.push(epoch);
            self.epochs.len() - 1
        });
        self.events.push(Event {
            name,
            ph,
            pid: EPOCHS,
            tid: track as u32 + 1,
            ts,
            dur,
            args,
        });
    }

    fn json(self) -> Result<String> {
        let named = |name: &'static str, pid: u32, tid: u32, text: &str| Event {
            name,
            ph: "M",
            pid,
            tid,
            ts: 0.0,
            dur: None,
            args: json!({ "name": text }),
        };
        let mut events = vec![named("process_name", EPOCHS, 0, "epochs")];
        for (index, epoch) in self.epochs.iter().enumerate() {
            events.push(named("thread_name", EPOCHS, index as u32 + 1, epoch));
        }
        for (pid, task) in &self.tasks {
            events.push(named("process_name", *pid, *pid, task));
        }
        events.extend(self.events);
        let text = serde_json::to_string(&json!({
            "displayTimeUnit": "ns",
            "traceEvents": events,
        }))?;
        Ok(text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
     epoch-bench-178     [003] d..1.    10.000100: epoch_exit: name=bench_hook at=a+0x1/0x2 [m]
     epoch-bench-178     [003] .....    10.000200: epoch_enter: name=my table at=b+0x1/0x2 [m]
   my [x] - 1-2-179      [001] .....    10.000250: epoch_gp_start: name=my table seq=7 expedited=0
     epoch-bench-178     [000] .....    10.000300: epoch_enter: name=my table at=c+0x1/0x2 [m]
     epoch-bench-178     [000] .....    10.000400: epoch_exit: name=my table at=c+0x3/0x4 [m]
   my [x] - 1-2-179      [001] .....    10.000500: epoch_gp_end: name=my table seq=7 expedited=1 duration_ns=250000
     kworker/1:1-20      [001] .....    10.000600: epoch_callbacks: name=my table count=97
     swapper/0-0         [000] .....    10.000700: epoch_stall: name=my table seq=8 duration_ns=5 readers=1
             cat-9       [000] .....    10.000800: sched_switch: prev_comm=a
";

    fn events(timeline: &Timeline) -> Vec<Value> {
        let json: Value = serde_json::from_str(&timeline.json).unwrap();
        json["traceEvents"].as_array().unwrap().clone()
    }

    #[test]
    fn lines_are_read_whatever_tasks_are_called() {
        let line = TRACE.lines().nth(5).unwrap();
        let line = Line::read(line).unwrap();
        assert_eq!((line.task, line.pid, line.cpu), ("my [x] - 1-2", 179, 1));
        assert_eq!((line.event, line.epoch()), ("epoch_gp_start", "my table"));
        assert_eq!(line.number("seq").unwrap(), 7);
        assert_eq!(Line::read("# tracer: nop"), None);
    }

    #[test]
    fn sections_grace_periods_and_callbacks_have_their_tracks() {
        let timeline = convert(TRACE).unwrap();
        assert_eq!(
            (
                timeline.sections,
                timeline.grace_periods,
                timeline.callbacks
            ),
            (3, 1, 97)
        );
        let events = events(&timeline);
        let named = |name: &str, ph: &str| -> Vec<&Value> {
            let events = events.iter();
            events
                .filter(|event| event["name"] == name && event["ph"] == ph)
                .collect()
        };
        let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 0.01;
        let grace = named("grace period, expedited", "X")[0];
        assert!(
            near(&grace["ts"], 10_000_250.0) && near(&grace["dur"], 250.0),
            "{grace}"
        );
        // The inner one is whole, the outer one was never left.
        let sections = named("my table", "X");
        assert!(near(&sections[0]["dur"], 100.0), "{sections:?}");
        assert!(near(&sections[1]["ts"], 10_000_200.0) && sections[1]["args"]["left"] == false);
        // Entered before the beginning.
        assert!(near(&named("bench_hook", "X")[0]["dur"], 0.0));
        assert_eq!(named("callbacks", "i")[0]["args"]["count"], 97);
        assert_eq!(named("stall", "i").len(), 1);
        assert_eq!(named("thread_name", "M")[0]["args"]["name"], "my table");
        assert_eq!(named("process_name", "M")[1]["args"]["name"], "epoch-bench");
    }

    #[test]
    fn nothing_is_a_timeline_too() {
        let timeline = convert("# tracer: nop\n").unwrap();
        assert_eq!((timeline.sections, events(&timeline).len()), (0, 1));
        assert!(convert("a-1 [000] ..... 1.0: epoch_callbacks: name=a count=x").is_err());
    }
}
