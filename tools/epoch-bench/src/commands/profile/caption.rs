// SPDX-License-Identifier: MIT OR Apache-2.0

//! Captions of the flame graphs.

use epoch_results::record::{ProfileReport, TrackerProfile};

use crate::perf::flame::Caption;

/// Returns the caption of one run.
pub fn run(report: &ProfileReport, run: &TrackerProfile) -> Caption {
    Caption {
        title: format!("Kernel time: {}", subject(report, run)),
        subtitle: format!(
            "{} samples of {}; {}, {}",
            run.samples,
            report.event.used,
            report.environment.cpu_model,
            machine_and_date(report)
        ),
    }
}

/// Returns the caption of the differences of `after` from `before`.
pub fn difference(
    report: &ProfileReport,
    before: &TrackerProfile,
    after: &TrackerProfile,
) -> Caption {
    Caption {
        title: format!(
            "Kernel time: {} ({} samples), next to {} ({})",
            subject(report, after),
            after.samples,
            before.name,
            before.samples
        ),
        subtitle: format!(
            "red: more of the time in itself than with {}; blue: less; {}; {}",
            before.name,
            report.event.used,
            machine_and_date(report)
        ),
    }
}

fn subject(report: &ProfileReport, run: &TrackerProfile) -> String {
    let tasks = report.workload.tasks;
    let testcase = report.workload.testcase.name();
    match &run.tracker {
        Some(_) => format!("{} tasks of {testcase} with tracker {}", tasks, run.name),
        None => format!("{tasks} tasks of {testcase} in user space, without a tracker"),
    }
}

/// Returns machine and date without the explanations in parentheses: there is only one line.
fn machine_and_date(report: &ProfileReport) -> String {
    let environment = &report.environment;
    let machine = environment.machine.split(" (").next().unwrap_or_default();
    let date = environment.date.as_deref().unwrap_or("no date");
    format!("{machine}; {date}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::profiled;

    #[test]
    fn a_picture_says_what_it_shows_and_where_it_was_measured() {
        let mut report = profiled();
        report.environment.machine = "QEMU TCG (emulated) (QEMU PC)".into();
        let [mutex, epoch] = &report.trackers[..] else {
            panic!("there are not two");
        };
        let caption = run(&report, mutex);
        assert_eq!(
            caption.title,
            "Kernel time: 96 tasks of mmap1 with tracker mutex"
        );
        assert_eq!(
            caption.subtitle,
            "1000 samples of cpu-clock (no PMU for cycles); A CPU, QEMU TCG; \
             2026-11-22T08:00:00Z"
        );
        let caption = difference(&report, mutex, epoch);
        assert_eq!(
            caption.title,
            "Kernel time: 96 tasks of mmap1 with tracker epoch (1000 samples), next to mutex (1000)"
        );
        assert_eq!(
            caption.subtitle,
            "red: more of the time in itself than with mutex; blue: less; cpu-clock \
             (no PMU for cycles); QEMU TCG; 2026-11-22T08:00:00Z"
        );
    }

    #[test]
    fn long_names_fit_the_line() {
        let mut report = profiled();
        report.environment.machine = "KVM with Hyper-V interface (Vendor)".into();
        report.environment.cpu_model = "Intel(R) Xeon(R) Platinum 8275CL CPU @ 3.00GHz".into();
        report.event.used.instead_of = Some("UNHALTED_CORE_CYCLES".into());
        for tracker in &mut report.trackers {
            tracker.samples = 10_000_000;
            tracker.name = "epoch-keyed-2".into();
        }
        let [one, other] = &report.trackers[..] else {
            panic!("there are not two");
        };
        for caption in [run(&report, one), difference(&report, one, other)] {
            // Of 1200 pixels in 12 and 17 point.
            assert!(caption.subtitle.len() < 170, "{}", caption.subtitle);
            assert!(caption.title.len() < 120, "{}", caption.title);
        }
    }
}
