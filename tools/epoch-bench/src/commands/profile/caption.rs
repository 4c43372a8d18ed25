//! What stands above the flame graphs.

use epoch_profile::flame::Caption;
use epoch_results::profile::{ProfileReport, TrackerProfile};

/// That of one run.
pub fn run(report: &ProfileReport, run: &TrackerProfile) -> Caption {
    Caption {
        title: format!("Kernel time: {}", subject(report, run)),
        subtitle: format!(
            "{} samples of {} at {} Hz; {}",
            run.samples,
            report.event.used,
            report.event.frequency_hz,
            place(report)
        ),
    }
}

/// That of what `after` differs in from `before`.
pub fn difference(
    report: &ProfileReport,
    before: &TrackerProfile,
    after: &TrackerProfile,
) -> Caption {
    Caption {
        title: format!(
            "Kernel time: {}, next to {}",
            subject(report, after),
            before.name
        ),
        subtitle: format!(
            "red: more of the time in the function itself than with {}; blue: less; {} and {} \
             samples of {}",
            before.name, before.samples, after.samples, report.event.used,
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

/// In short, for there is but a line.
fn place(report: &ProfileReport) -> String {
    let environment = &report.environment;
    // Without the explanation in parentheses.
    let machine = environment.machine.split(" (").next().unwrap_or_default();
    let mut place = format!("{}, {machine}", environment.cpu_model);
    if let Some(date) = &environment.date {
        place += &format!("; {date}");
    }
    place
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
            "1000 samples of cpu-clock (no PMU for cycles) at 997 Hz; A CPU, QEMU TCG; \
             2026-11-22T08:00:00Z"
        );
        let caption = difference(&report, mutex, epoch);
        assert!(caption.title.ends_with("tracker epoch, next to mutex"));
        assert!(
            caption
                .subtitle
                .starts_with("red: more of the time in the function itself than with mutex")
        );
    }
}
