// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measurements as text: will-it-scale's lines, ministat's block, tables, verdicts.

use std::io::{self, Write};

use anyhow::Result;
use epoch_device::hook::Target;
use epoch_measure::compare::Plan;
use epoch_measure::run::Listener;
use epoch_results::record::{Comparison, HookCost, Sample, TrackerReport, average};
use host::environment::Environment;

use super::activity::{self, ActivityRow};
use super::comparison::{self, CAVEAT, Comparisons};
use super::hook;
use super::observed::push_observed;

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
            write_sample(out, sample, false)?;
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
    writeln!(out, "\n{}", comparison::ministat(trackers, confidence)?)?;
    let mut table = comparison::means(trackers, comparisons, confidence);
    let observed = trackers
        .iter()
        .map(|of| of.observed.clone().unwrap_or_default());
    push_observed(&mut table, &observed.collect::<Vec<_>>());
    writeln!(out, "{}\n", table.text())?;
    let rows: Vec<_> = trackers.iter().map(ActivityRow::of).collect();
    if let Some(text) = activity::text(&rows) {
        writeln!(out, "{text}\n")?;
    }
    if let Some(table) = comparison::tests(comparisons, confidence) {
        writeln!(out, "{}\n", table.text())?;
    }
    let of = Comparisons {
        count: comparisons.len(),
        samples: trackers.first().map_or(0, |of| of.samples.len()),
        is_sequential: plan.until_percent.is_some(),
    };
    for comparison in comparisons {
        let sentence = comparison::sentence(comparison, confidence, of);
        writeln!(out, "{sentence}")?;
    }
    for sentence in comparison::equivalences(comparisons, confidence) {
        writeln!(out, "{sentence}")?;
    }
    for contradiction in comparison::contradictions(comparisons) {
        writeln!(out, "{contradiction}")?;
    }
    let warnings = trackers
        .iter()
        .map(|report| (report.tracker.as_str(), report.warnings.clone()));
    for warning in comparison::all_warnings(warnings, comparisons) {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(out, "{CAVEAT}")?;
    out.flush()?;
    Ok(())
}

/// Prints the hooked function, and the part of the times that the hook itself costs.
pub fn print_hook(out: &mut dyn Write, target: &Target, cost: Option<&HookCost>) -> io::Result<()> {
    writeln!(out, "{target}")?;
    writeln!(out, "{}", hook::describe(cost))?;
    out.flush()
}

/// Writes the lines that will-it-scale prints.
pub fn write_sample(out: &mut dyn Write, sample: &Sample, verbose: bool) -> io::Result<()> {
    if verbose {
        for (number, task) in sample.tasks.iter().enumerate() {
            writeln!(out, "{number:4} -> {}", task.per_second)?;
        }
    }
    writeln!(
        out,
        "min:{} max:{} total:{}",
        sample.min, sample.max, sample.total
    )?;
    out.flush()
}

/// Prints a run while it lasts, as will-it-scale does.
pub struct WillItScale<'a> {
    /// Destination of the lines.
    pub out: &'a mut dyn Write,
    /// True if each task's share is printed.
    pub verbose: bool,
}

impl Listener for WillItScale<'_> {
    fn begin(&mut self, part: &str) -> Result<()> {
        writeln!(self.out, "{part}")?;
        Ok(self.out.flush()?)
    }

    fn sample(&mut self, sample: &Sample) -> Result<()> {
        Ok(write_sample(self.out, sample, self.verbose)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::counters::Counters;
    use epoch_device::latency::Buckets;
    use epoch_device::observe::Observation;
    use epoch_device::uapi::BUCKETS;
    use epoch_measure::compare::{Outcome, reports};
    use epoch_results::judge;
    use epoch_results::record::{MAX_TRACKERS, Reading};
    use ministat::Confidence;
    use std::time::Duration;

    fn plan(trackers: &[&str]) -> Plan {
        Plan {
            trackers: trackers.iter().map(ToString::to_string).collect(),
            testcase: "Delayed invalidation start/finish".into(),
            warmup: 1,
            samples: 3,
            until_percent: None,
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
            boot_id: None,
            date: Some("2026-11-22T08:00:00Z".into()),
        }
    }

    #[test]
    fn the_report_ends_with_the_verdict() {
        let plan = plan(&["mutex", "epoch"]);
        let outcomes = [outcome(500), outcome(1000)];
        let trackers = reports(&plan, outcomes.into()).unwrap();
        let mut out = Vec::new();
        print_samples(&mut out, &environment(), &plan.testcase, &trackers).unwrap();
        let comparisons = judge::compare(&trackers, plan.confidence, plan.stopping()).unwrap();
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
            tracker  average    95%  ratio  95%           verdict   waits  wait p50    p90    \
            p99  p99.9    max\n\
            mutex       2000  +/- 0  1.00x                baseline      3     10 ns  10 ns  \
            10 ns  10 ns  10 ns\n\
            epoch       4000  +/- 0  2.00x  2.00 to 2.00  proven        3     10 ns  10 ns  \
            10 ns  10 ns  10 ns\n\
            \n\
            tracker  Welch p  paired p  ratio 95% (bootstrap)  effect (Hedges' g)\n\
            epoch    <0.0001   <0.0001  -                      -\n\
            \n\
            epoch is 2.00x mutex (+100.00%, +100.00% to +100.00%), difference proven at 95% \
            confidence (paired t, N=3 each)\n\
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
        let trackers = reports(&plan(&names), outcomes).unwrap();
        let text = comparison::ministat(&trackers, Confidence::P95).unwrap();
        let (first, second) = text.split_once("\n\n").unwrap();
        assert!(first.starts_with("x none\n+ 2\n"), "{text}");
        assert!(second.starts_with("x none\n+ 8\n* 9\n+--"), "{text}");
        assert_eq!(text.matches("Difference at 95.0% confidence").count(), 8);
    }

    fn at(iterations: u64, timestamp_ns: u64) -> Reading {
        Reading {
            iterations,
            timestamp_ns,
        }
    }

    #[test]
    fn verbose_lines_are_aligned() {
        let before = [at(0, 0), at(0, 0)];
        let after = [at(5, 1_000_000_000), at(12, 1_000_000_000)];
        let sample = Sample::between(&before, &after).unwrap();
        let mut out = Vec::new();
        write_sample(&mut out, &sample, true).unwrap();
        let expected = "   0 -> 5\n   1 -> 12\nmin:5 max:12 total:17\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
