// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparison of several trackers with interleaved samples.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use epoch_device::hook::Target;
use epoch_device::observe::Observation;
use host::activity::SystemActivity;
use host::environment::Environment;
use ministat::{Confidence, Dataset, MAX_DATASETS, Options};

use crate::activity;
use crate::evidence::{self, Evidence};
use crate::hook_cost::{self, HookCost};
use crate::json::TrackerReport;
use crate::sample::{Sample, average};
use crate::stats::{self, Comparison};
use crate::summary;

/// Note printed with every comparison.
pub const CAVEAT: &str = "These trackers are load added for the comparison: Linux itself has no \
                          global delayed-invalidation lock.";

/// Most trackers in one comparison: a plot has that many colours.
pub const MAX_TRACKERS: usize = 9;

/// Parameters of a comparison.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names of the trackers; the first is the baseline.
    pub trackers: Vec<String>,
    /// Testcase that the workers run, as will-it-scale prints it.
    pub testcase: String,
    /// Warmup samples of each tracker, which do not count.
    pub warmup: usize,
    /// Samples of each tracker that count.
    pub samples: usize,
    /// Length of each sample.
    pub interval: Duration,
    /// Confidence that a difference must reach.
    pub confidence: Confidence,
}

impl Plan {
    /// Returns how long the workers run with another tracker before a sample starts, for caches,
    /// queues and the scheduler to adapt.
    pub fn settle(&self) -> Duration {
        self.interval / 10
    }

    /// Returns the trackers' numbers in the order of their samples in this round.
    ///
    /// Every other round is reversed, so that a steady drift affects all trackers alike.
    pub fn order(&self, round: usize) -> Vec<usize> {
        let forward = 0..self.trackers.len();
        if round % 2 == 0 {
            forward.collect()
        } else {
            forward.rev().collect()
        }
    }
}

/// Samples of one tracker.
#[derive(Debug)]
pub struct Outcome {
    /// Warmup samples, which do not count.
    pub warmup: Vec<Sample>,
    /// Samples that count.
    pub samples: Vec<Sample>,
    /// Statistics of the tracker during the samples that count.
    pub observation: Observation,
    /// Activity of the whole machine during the samples that count; `None` without such a sample.
    pub activity: Option<SystemActivity>,
}

/// Compares each tracker but the baseline with the baseline.
pub fn judge(trackers: &[TrackerReport], confidence: Confidence) -> Result<Vec<Comparison>> {
    for TrackerReport {
        tracker, samples, ..
    } in trackers
    {
        if samples.iter().all(|sample| sample.total == 0) {
            bail!(
                "tracker {tracker} completed no iteration in any sample: take fewer tasks, or a \
                 longer --interval-ms"
            );
        }
    }
    let datasets = datasets(trackers)?;
    let others = datasets.iter().zip(trackers).skip(1);
    Ok(others
        .map(|(dataset, report)| Comparison {
            evidence: Evidence::of(&trackers[0].samples, &report.samples, confidence),
            ..Comparison::new(dataset, &datasets[0], confidence)
        })
        .collect())
}

/// Returns the samples as ministat's datasets.
fn datasets(trackers: &[TrackerReport]) -> Result<Vec<Dataset>> {
    let trackers = trackers.iter();
    trackers
        .map(|report| stats::dataset(&report.tracker, &report.samples))
        .collect()
}

/// Returns ministat's report on the samples.
///
/// ministat takes [`MAX_DATASETS`] at a time: more trackers are split into several blocks, each of
/// which begins with the baseline.
pub fn ministat(trackers: &[TrackerReport], confidence: Confidence) -> Result<String> {
    let options = Options {
        confidence,
        ..Options::default()
    };
    let datasets = datasets(trackers)?;
    let (baseline, others) = datasets.split_at(1);
    let blocks = others.chunks(MAX_DATASETS - 1);
    let blocks: Vec<_> = blocks
        .map(|others| ministat::report(&[baseline, others].concat(), &options))
        .collect::<Result<_, _>>()?;
    Ok(blocks.join("\n"))
}

/// Prints the environment and the samples.
pub fn print_samples(
    out: &mut dyn Write,
    environment: &Environment,
    testcase: &str,
    trackers: &[TrackerReport],
) -> Result<()> {
    environment.write(out)?;
    for TrackerReport {
        tracker, samples, ..
    } in trackers
    {
        writeln!(out, "\ntracker:{tracker}")?;
        writeln!(out, "testcase:{testcase}")?;
        writeln!(out, "measurement")?;
        for sample in samples {
            sample.write(out, false)?;
        }
        writeln!(out, "average:{}", average(samples))?;
    }
    Ok(())
}

/// Prints ministat's block, a summary and the verdict in words.
pub fn print_verdict(
    out: &mut dyn Write,
    plan: &Plan,
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
) -> Result<()> {
    let confidence = plan.confidence;
    writeln!(out, "\n{}", ministat(trackers, confidence)?)?;
    let rows = summary::rows(trackers, comparisons, confidence);
    writeln!(out, "{}\n", summary::table(&rows, confidence))?;
    let rows: Vec<_> = trackers.iter().map(TrackerReport::activity_row).collect();
    if let Some(text) = activity::text(&rows) {
        writeln!(out, "{text}\n")?;
    }
    if let Some(table) = evidence::table(comparisons, confidence) {
        writeln!(out, "{}\n", table.text())?;
    }
    for comparison in comparisons {
        writeln!(out, "{}", comparison.sentence(confidence, plan.samples))?;
    }
    for contradiction in evidence::contradictions(comparisons) {
        writeln!(out, "{contradiction}")?;
    }
    let warnings = trackers
        .iter()
        .map(|report| (report.tracker.as_str(), report.warnings.clone()));
    for warning in evidence::all_warnings(warnings, comparisons) {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(out, "{CAVEAT}")?;
    out.flush()?;
    Ok(())
}

/// Prints the hooked function, and the part of the times that the hook itself costs.
pub fn print_hook(out: &mut dyn Write, target: &Target, cost: Option<&HookCost>) -> io::Result<()> {
    writeln!(out, "{target}")?;
    writeln!(out, "{}", hook_cost::describe(cost))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::counters::Counters;
    use epoch_device::latency::Buckets;
    use epoch_device::uapi::BUCKETS;

    fn plan(trackers: &[&str]) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            testcase: "Delayed invalidation start/finish".into(),
            warmup: 1,
            samples: 3,
            interval: Duration::from_secs(1),
            confidence: Confidence::P95,
        }
    }

    /// An outcome of two tasks, the second of which does three times as much, and three waits.
    fn outcome(first: u64) -> Outcome {
        let sample = Sample {
            min: first,
            max: 3 * first,
            total: 4 * first,
            tasks: Vec::new(),
        };
        let mut waits = [0; BUCKETS];
        waits[10] = 3;
        Outcome {
            warmup: Vec::new(),
            samples: vec![sample; 3],
            observation: Observation {
                counters: Counters {
                    waits: 3,
                    ..Default::default()
                },
                waits: Buckets::new(waits),
                ..Default::default()
            },
            activity: None,
        }
    }

    fn environment() -> Environment {
        Environment {
            kernel: "7.3".into(),
            module_tracker: Some("none".into()),
            online_cpus: 8,
            cpu_model: "A CPU".into(),
            machine: "bare metal".into(),
            clock_source: "tsc".into(),
            date: Some("2026-11-22T08:00:00Z".into()),
        }
    }

    #[test]
    fn the_report_ends_with_the_verdict() {
        let plan = plan(&["mutex", "epoch"]);
        let outcomes = [outcome(500), outcome(1000)];
        let trackers = TrackerReport::of(&plan, outcomes.into()).unwrap();
        let mut out = Vec::new();
        print_samples(&mut out, &environment(), &plan.testcase, &trackers).unwrap();
        let comparisons = judge(&trackers, plan.confidence).unwrap();
        print_verdict(&mut out, &plan, &trackers, &comparisons).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = [
            "kernel:      7.3",
            "module:      epoch_bench, tracker none",
            "cpus:        8 online, A CPU",
            "machine:     bare metal",
            "clocksource: tsc",
            "date:        2026-11-22T08:00:00Z",
            "",
            "tracker:mutex",
            "testcase:Delayed invalidation start/finish",
            "measurement",
            "min:500 max:1500 total:2000",
            "min:500 max:1500 total:2000",
            "min:500 max:1500 total:2000",
            "average:2000",
            "",
            "tracker:epoch",
            "testcase:Delayed invalidation start/finish",
            "measurement",
            "min:1000 max:3000 total:4000",
            "min:1000 max:3000 total:4000",
            "min:1000 max:3000 total:4000",
            "average:4000",
            "",
            "x mutex",
            "+ epoch",
        ];
        assert_eq!(
            text.lines().take(expected.len()).collect::<Vec<_>>(),
            expected
        );
        let end = "\
            Difference at 95.0% confidence\n\
            \t2000 +/- 0\n\
            \t100% +/- 0%\n\
            \t(Student's t, pooled s = 0)\n\
            \n\
            tracker  average    95%  ratio       95%  verdict   waits  wait p50    p90    p99  \
            p99.9    max\n\
            mutex       2000  +/- 0  1.00x            baseline      3     10 ns  10 ns  10 ns  \
            10 ns  10 ns\n\
            epoch       4000  +/- 0  2.00x  +/- 0.00  proven        3     10 ns  10 ns  10 ns  \
            10 ns  10 ns\n\
            \n\
            tracker  Welch p  paired p  paired  ratio 95% (bootstrap)  effect (Hedges' g)\n\
            epoch    <0.0001   <0.0001  proven  -                      -\n\
            \n\
            epoch is 2.00x mutex (+100.00% +/- 0.00%), difference proven at 95% confidence \
            (Student's t, N=3 each)\n\
            warning: mutex, epoch: 3 samples are too few to detect drift or groups: take 6 or \
            more\n\
            These trackers are load added for the comparison: Linux itself has no global \
            delayed-invalidation lock.\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn trackers_beyond_ministats_limit_have_a_block_of_their_own() {
        let names = ["none", "2", "3", "4", "5", "6", "7", "8", "9"];
        assert_eq!(names.len(), MAX_TRACKERS);
        let outcomes = (1..=9).map(|index| outcome(100 * index)).collect();
        let trackers = TrackerReport::of(&plan(&names), outcomes).unwrap();
        let text = ministat(&trackers, Confidence::P95).unwrap();
        let (first, second) = text.split_once("\n\n").unwrap();
        assert!(first.starts_with("x none\n+ 2\n"), "{text}");
        assert!(second.starts_with("x none\n+ 8\n* 9\n+--"), "{text}");
        assert_eq!(text.matches("Difference at 95.0% confidence").count(), 8);
    }

    #[test]
    fn a_tracker_that_did_nothing_is_no_result() {
        let plan = plan(&["none", "none"]);
        let outcomes = [outcome(0), outcome(0)];
        let trackers = TrackerReport::of(&plan, outcomes.into()).unwrap();
        assert!(judge(&trackers, plan.confidence).is_err());
    }
}
