// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files as the commands write them, of invented results.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use epoch_bench::doctor::{Finding, Report as DoctorReport, Section, Topic};
use epoch_results::examples::{carriers, compared, profiled, sweep};
use epoch_results::record::{CompareReport, ProfileReport, RunReport, SweepReport};
use inferno::{differential, flamegraph};
use serde_json::Value;

const MUTEX: &str = "\
bench;do_munmap;di_start;mutex_lock;osq_lock 540
bench;do_munmap;di_start;mutex_lock;schedule;__schedule 120
bench;do_munmap;di_finish;mutex_unlock;wake_up_q 110
bench;do_munmap;unmap_region;tlb_finish_mmu 90
bench;do_mmap;mmap_region;mas_store_prealloc 100
bench;do_mmap;get_unmapped_area;mas_empty_area_rev 40
";

const EPOCH: &str = "\
bench;do_munmap;di_start;epoch_enter 20
bench;do_munmap;di_finish;epoch_exit 20
bench;do_munmap;unmap_region;tlb_finish_mmu 330
bench;do_mmap;mmap_region;mas_store_prealloc 450
bench;do_mmap;get_unmapped_area;mas_empty_area_rev 180
";

/// Writes one file of each kind to the directory.
pub fn write(dir: &Path) -> Result<()> {
    let save = |name: &str, json: Value| -> Result<()> {
        let path = dir.join(name);
        fs::write(&path, json.to_string()).with_context(|| path.display().to_string())
    };
    save("compare.json", serde_json::to_value(comparison("epoch"))?)?;
    let (processes, threads) = by_carrier();
    save("processes.json", serde_json::to_value(processes)?)?;
    save("threads.json", serde_json::to_value(threads)?)?;
    save("sweep.json", serde_json::to_value(curves()?)?)?;
    save("run.json", serde_json::to_value(run())?)?;
    save("doctor.json", serde_json::to_value(findings())?)?;
    save("profile.json", serde_json::to_value(profile())?)?;
    for (name, svg) in flame_graphs()? {
        fs::write(dir.join(name), svg)?;
    }
    Ok(())
}

/// Returns a comparison of mutex with a tracker of this name.
pub fn comparison(tracker: &str) -> CompareReport {
    let around = |mean: u64| -> Vec<u64> {
        let scatter = [3, -8, 5, 0, 11, -4, -9, 7, 2, -6, 1, -2];
        let part = |percent: i64| mean.saturating_add_signed(mean as i64 * percent / 200);
        scatter.map(part).into()
    };
    let mut report = compared(tracker, &around(84_000), &around(152_000));
    let command = "epoch-bench compare mutex epoch --tasks 96 --samples 12 --json 'my result.json'";
    report.command_line = shlex::split(command).unwrap_or_default();
    report
}

/// Returns a comparison with processes, and the same with threads.
fn by_carrier() -> (CompareReport, CompareReport) {
    let (mut processes, mut threads) = carriers();
    for (report, option) in [(&mut processes, None), (&mut threads, Some("--threads"))] {
        let words = ["epoch-bench", "compare", "mutex", "epoch"].into_iter();
        // The interval must differ from that of the other comparison.
        report.workload.interval_ms = 500;
        report.command_line = words.chain(option).map(String::from).collect();
    }
    (processes, threads)
}

fn curves() -> Result<SweepReport> {
    let mut report = sweep(&[
        (1, [1000, 1010, 1020], [900, 910, 920]),
        (2, [1900, 1930, 1910], [1790, 1800, 1810]),
        (4, [2600, 2690, 2620], [3540, 3500, 3580]),
        (8, [2100, 2050, 2150], [6700, 6800, 6720]),
        (16, [1400, 1420, 1380], [12000, 12200, 11900]),
    ]);
    report.command_line = ["epoch-bench", "sweep", "--trackers", "mutex,epoch"]
        .map(String::from)
        .into();
    report.fit()?;
    Ok(report)
}

fn run() -> RunReport {
    let mut report = comparison("epoch");
    let mutex = report.trackers.swap_remove(0);
    RunReport {
        schema: RunReport::SCHEMA.into(),
        command_line: ["epoch-bench", "run"].map(String::from).into(),
        environment: report.environment,
        workload: report.workload,
        tracker: Some(mutex.tracker),
        warmup: mutex.warmup,
        samples: mutex.samples,
        statistics: mutex.statistics,
        observed: None,
        activity: mutex.activity,
        hook: None,
        hook_cost: None,
    }
}

fn findings() -> DoctorReport {
    let trust = vec![
        Finding::warn("SMT", "on: tasks share cores", "turn it off"),
        Finding::ok("turbo", "off"),
    ];
    let build = vec![Finding::ok("rustc", "the same")];
    let sections = [(Topic::Build, build), (Topic::Trust, trust)];
    DoctorReport::new(
        ["epoch-bench", "doctor"].map(String::from).into(),
        comparison("epoch").environment,
        sections
            .map(|(topic, findings)| Section { topic, findings })
            .into(),
    )
}

/// Returns a profile that names the flame graphs below.
fn profile() -> ProfileReport {
    let mut report = profiled();
    if let Some(difference) = &mut report.difference {
        let mut change = difference.top[0].clone();
        change.function = "arch_get_unmapped_area_topdown_vmflags".into();
        difference.top.push(change);
    }
    report.command_line = ["epoch-bench", "profile", "mutex", "epoch"]
        .map(String::from)
        .into();
    report
}

/// Returns names and content of flame graphs, as inferno draws them.
fn flame_graphs() -> Result<[(&'static str, String); 4]> {
    Ok([
        ("flame-mutex.svg", draw("mutex", MUTEX)?),
        ("flame-epoch.svg", draw("epoch", EPOCH)?),
        ("flame-mutex-epoch.svg", difference("epoch", MUTEX, EPOCH)?),
        ("flame-epoch-mutex.svg", difference("mutex", EPOCH, MUTEX)?),
    ])
}

fn difference(title: &str, before: &str, after: &str) -> Result<String> {
    let mut folded = Vec::new();
    let options = differential::Options::default();
    differential::from_readers(options, before.as_bytes(), after.as_bytes(), &mut folded)?;
    draw(title, &String::from_utf8(folded)?)
}

fn draw(title: &str, folded: &str) -> Result<String> {
    let mut options = flamegraph::Options::default();
    options.title = format!("Kernel time: 96 tasks of mmap1 with tracker {title}");
    options.subtitle = Some("1000 samples of cpu-clock at 997 Hz; A CPU, bare metal".into());
    options.deterministic = true;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines(), &mut svg)?;
    Ok(String::from_utf8(svg)?)
}
