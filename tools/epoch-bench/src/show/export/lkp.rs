// SPDX-License-Identifier: MIT OR Apache-2.0

//! Statistics of the Linux Kernel Performance tests: a name and a value in each line, with the names
//! of their will-it-scale.

use epoch_results::record::Carrier;

use super::{Results, Series};

pub fn text(results: &Results) -> String {
    let mut text = String::new();
    for series in &results.series {
        let Series {
            tracker,
            workload,
            statistics,
            activity,
            ..
        } = series;
        let (tasks, carrier) = (workload.tasks, series.carrier());
        let each = match workload.carrier {
            Carrier::Processes => "process",
            Carrier::Threads => "thread",
        };
        let mut line = |name: &str, value: f64| {
            text += &format!("{tracker}.{name}: {value}\n");
        };
        line(&format!("{tasks}.{carrier}"), statistics.mean.round());
        let per_task = statistics.mean / tasks as f64;
        line(&format!("{tasks}.per_{each}_ops"), per_task.round());
        let stddev = 100.0 * statistics.stddev / statistics.mean.max(f64::MIN_POSITIVE);
        line(
            &format!("{tasks}.{carrier}_stddev%"),
            (100.0 * stddev).round() / 100.0,
        );
        let Some(activity) = activity else { continue };
        for (name, value) in [
            ("context_switches", activity.context_switches),
            ("reschedule_ipis", activity.reschedule_ipis),
            ("function_call_ipis", activity.function_call_ipis),
            ("tlb_shootdowns", activity.tlb_shootdowns),
            // As of LKP's perf-stat.
            ("path-length", activity.instructions),
        ] {
            if let Some(value) = value {
                line(&format!("{tasks}.{name}"), value);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::carriers;

    #[test]
    fn each_line_is_a_name_and_a_number() {
        let (processes, threads) = carriers();
        for report in [processes, threads] {
            let text = text(&Results::from(report));
            for line in text.lines() {
                let (name, value) = line.split_once(": ").unwrap();
                assert!(!name.contains([' ', ':']), "{line}");
                assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            }
            assert!(text.contains("mutex.96.path-length: 12345\n"), "{text}");
        }
        let (processes, threads) = carriers();
        let text = super::text(&Results::from(processes)) + &super::text(&Results::from(threads));
        assert!(text.contains("epoch.96.processes: 3550909\n"), "{text}");
        assert!(text.contains("epoch.96.per_process_ops: 36989\n"), "{text}");
        assert!(text.contains("epoch.96.per_thread_ops: "), "{text}");
    }
}
