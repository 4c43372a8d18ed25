// SPDX-License-Identifier: MIT OR Apache-2.0

//! Examples for tests.

use epoch_device::testcase::Testcase;
use host::activity::{CpuTime, SystemActivity};
use host::environment::Environment;
use ministat::Confidence;

use crate::judge;
use crate::record::{
    ActivityPerIteration, Carrier, Change, CompareReport, Difference, EventReport, Function, Point,
    ProfileReport, Sample, Share, Source, Statistics, SweepReport, TaskSample, TrackerProfile,
    TrackerReport, Where, Workload,
};

/// The comparison published in FreeBSD's commit message.
pub fn published() -> CompareReport {
    compared(
        "epoch",
        &[1005918, 1006319, 1009119, 1013143, 1009155],
        &[3548585, 3548786, 3552085, 3552502, 3552587],
    )
}

/// A comparison with processes, and its counterpart with threads, which are some 50 times slower.
pub fn carriers() -> (CompareReport, CompareReport) {
    let threads = [19_500, 20_500, 20_000, 20_100, 19_900];
    let (mut processes, mut threads) = (published(), compared("epoch", &threads, &threads));
    threads.workload.carrier = Carrier::Threads;
    let whole = activity();
    let switching = SystemActivity {
        context_switches: Ok(8000),
        ..whole.clone()
    };
    for (report, activity) in [(&mut processes, whole), (&mut threads, switching)] {
        let of = ActivityPerIteration::of(&activity, &counted_samples(2, 2, 100));
        for tracker in &mut report.trackers {
            tracker.activity = of.clone();
        }
    }
    (processes, threads)
}

/// Samples with these totals.
pub fn samples(totals: &[u64]) -> Vec<Sample> {
    let sample = |&total: &u64| Sample {
        min: total,
        max: total,
        total,
        tasks: Vec::new(),
    };
    totals.iter().map(sample).collect()
}

/// Samples of one second, in which each task does this many iterations.
pub fn counted_samples(samples: usize, tasks: usize, iterations: u64) -> Vec<Sample> {
    let task = TaskSample {
        iterations,
        interval_ns: 1_000_000_000,
        per_second: iterations,
    };
    let sample = Sample {
        min: iterations,
        max: iterations,
        total: tasks as u64 * iterations,
        tasks: vec![task; tasks],
    };
    vec![sample; samples]
}

/// Activity of a machine with a PMU and a hypervisor that withheld a tenth of the time.
pub fn activity() -> SystemActivity {
    SystemActivity {
        context_switches: Ok(800),
        reschedule_ipis: Ok(100),
        function_call_ipis: Ok(200),
        tlb_shootdowns: Ok(100),
        cpu_time: Ok(CpuTime {
            softirq: 100,
            busy: 400,
            steal: 80,
            total: 800,
        }),
        instructions: Ok(400 * 12345),
    }
}

/// A tracker's part of a comparison, with samples of these totals.
pub fn report(tracker: &str, totals: &[u64]) -> TrackerReport {
    let samples = samples(totals);
    TrackerReport {
        tracker: tracker.into(),
        warmup: Vec::new(),
        statistics: Statistics::of(&samples),
        samples,
        mean_error: None,
        observed: None,
        activity: None,
        warnings: Vec::new(),
    }
}

/// A comparison of two trackers with these totals.
pub fn compared(tracker: &str, mutex: &[u64], other: &[u64]) -> CompareReport {
    let trackers = vec![report("mutex", mutex), report(tracker, other)];
    let comparisons = judge::compare(&trackers, Confidence::P95, judge::Stopping::Fixed).unwrap();
    CompareReport {
        schema: CompareReport::SCHEMA.into(),
        command_line: vec!["epoch-bench".into()],
        environment: Environment {
            kernel: "7.3".into(),
            module_tracker: Some("none".into()),
            online_cpus: 96,
            cpu_model: "A CPU".into(),
            machine: "bare metal".into(),
            clock_source: "tsc".into(),
            boot_id: None,
            date: Some("2026-11-22T08:00:00Z".into()),
        },
        workload: Workload {
            testcase: Testcase::Mmap1,
            r#where: Where::Kernel,
            carrier: Carrier::Processes,
            tasks: 96,
            pages: None,
            keys: None,
            mix: None,
            cpus: None,
            interval_ms: 1000,
        },
        confidence_percent: 95.0,
        until_percent: None,
        trackers,
        comparisons,
        repeats: Vec::new(),
        false_positives: None,
        hook: None,
        hook_cost: None,
    }
}

/// A sweep of mutex and epoch: for each number of tasks, the totals of both.
pub fn sweep(points: &[(usize, [u64; 3], [u64; 3])]) -> SweepReport {
    let point = |(tasks, mutex, epoch): &(usize, [u64; 3], [u64; 3])| {
        let mut report = compared("epoch", mutex, epoch);
        report.workload.tasks = *tasks;
        Point {
            workload: report.workload,
            trackers: report.trackers,
            comparisons: report.comparisons,
        }
    };
    SweepReport {
        schema: SweepReport::SCHEMA.into(),
        command_line: Vec::new(),
        environment: compared("epoch", &[1, 2, 3], &[1, 2, 3]).environment,
        settings: None,
        resumed: Vec::new(),
        confidence_percent: 95.0,
        hook: None,
        points: points.iter().map(point).collect(),
        usl: Vec::new(),
    }
}

/// A sweep in which mutex peaks and epoch does not.
pub fn example_sweep() -> SweepReport {
    sweep(&[
        (1, [100, 101, 102], [90, 91, 92]),
        (2, [199, 200, 201], [180, 181, 182]),
        (4, [198, 199, 200], [359, 360, 361]),
        (8, [49, 50, 51], [720, 721, 722]),
    ])
}

/// A profile of mutex and epoch, without a PMU.
pub fn profiled() -> ProfileReport {
    let CompareReport {
        environment,
        workload,
        ..
    } = published();
    let share = |samples| Share::new(samples, 1000);
    let tracker = |name: &str, top: &[(&str, u64)]| TrackerProfile {
        tracker: Some(name.into()),
        name: name.into(),
        seconds: 5.0,
        slices: 6,
        rate: 500,
        rate_error: 9.0,
        samples: 1000,
        unnamed: 0,
        idle: 7,
        lost: 0,
        top: top
            .iter()
            .map(|&(function, samples)| Function {
                function: function.into(),
                share: share(samples),
            })
            .collect(),
        svg: format!("flame-{name}.svg"),
        folded: format!("folded/{name}.folded"),
        data: None,
    };
    let change = |function: &str, before, after| Change {
        function: function.into(),
        before: share(before),
        after: share(after),
    };
    ProfileReport {
        schema: ProfileReport::SCHEMA.into(),
        command_line: vec!["epoch-bench".into()],
        environment,
        workload,
        hook: None,
        event: EventReport {
            asked: "cycles".into(),
            meaning: "cycles: what the kernel counts as CPU cycles on this CPU".into(),
            used: Source {
                event: "cpu-clock".into(),
                instead_of: Some("cycles".into()),
            },
            frequency_hz: 997,
        },
        trackers: vec![
            tracker("mutex", &[("osq_lock", 400), ("mas_find", 50)]),
            tracker("epoch", &[("mas_find", 100)]),
        ],
        difference: Some(Difference {
            top: vec![change("osq_lock", 400, 0), change("mas_find", 50, 100)],
            svg: "flame-mutex-epoch.svg".into(),
            reverse_svg: "flame-epoch-mutex.svg".into(),
        }),
    }
}

/// A profile of mutex alone, without a PMU.
pub fn profiled_alone() -> ProfileReport {
    let mut report = profiled();
    report.trackers.truncate(1);
    report.difference = None;
    report
}
