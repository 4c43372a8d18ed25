// SPDX-License-Identifier: MIT OR Apache-2.0

//! Metrics in the text format of OpenMetrics, which Prometheus reads: all are gauges.

use epoch_results::record::ActivityPerIteration;

use super::{Results, Series};

/// A metric: its name, its description, and its value, if the series has one.
type Metric = (&'static str, &'static str, fn(&Series) -> Option<f64>);

const METRICS: [Metric; 9] = [
    (
        "epoch_bench_loops_per_second",
        "Mean of the samples: iterations a second of all tasks together.",
        |of| Some(of.statistics.mean),
    ),
    (
        "epoch_bench_loops_per_second_stddev",
        "Standard deviation of the samples.",
        |of| Some(of.statistics.stddev),
    ),
    ("epoch_bench_samples", "Number of samples.", |of| {
        Some(of.statistics.n as f64)
    }),
    (
        "epoch_bench_context_switches_per_loop",
        "Context switches of the whole machine for each iteration.",
        |of| active(of)?.context_switches,
    ),
    (
        "epoch_bench_reschedule_ipis_per_loop",
        "Rescheduling interrupts of the whole machine for each iteration.",
        |of| active(of)?.reschedule_ipis,
    ),
    (
        "epoch_bench_function_call_ipis_per_loop",
        "Function call interrupts of the whole machine for each iteration.",
        |of| active(of)?.function_call_ipis,
    ),
    (
        "epoch_bench_tlb_shootdowns_per_loop",
        "TLB shootdowns of the whole machine for each iteration.",
        |of| active(of)?.tlb_shootdowns,
    ),
    (
        "epoch_bench_instructions_per_loop",
        "Instructions of the whole machine for each iteration.",
        |of| active(of)?.instructions,
    ),
    (
        "epoch_bench_softirq_ratio",
        "Time in softirqs as a share of the time that CPUs were busy.",
        |of| active(of)?.softirq_share,
    ),
];

fn active(series: &Series) -> Option<&ActivityPerIteration> {
    series.activity.as_ref()
}

pub fn text(results: &Results) -> String {
    let mut text = String::new();
    for (name, help, value) in METRICS {
        let rows = results.series.iter();
        let rows: Vec<_> = rows.filter_map(|of| Some((of, value(of)?))).collect();
        if rows.is_empty() {
            continue;
        }
        text += &format!("# TYPE {name} gauge\n# HELP {name} {help}\n");
        for (series, value) in rows {
            text += &format!("{name}{{{}}} {value}\n", labels(results, series));
        }
    }
    text + "# EOF\n"
}

fn labels(results: &Results, series: &Series) -> String {
    let labels = [
        ("tracker", series.tracker.clone()),
        ("testcase", series.workload.testcase.name().into()),
        ("tasks", series.workload.tasks.to_string()),
        ("carrier", series.carrier().into()),
        ("kernel", results.environment.kernel.clone()),
    ];
    let escaped = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(&value)));
    labels.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{carriers, compared};

    #[test]
    fn each_metric_has_a_type_a_help_and_finite_values() {
        let (processes, _) = carriers();
        let text = text(&processes.into());
        assert!(text.ends_with("# EOF\n"));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, rest) = line.split_once('{').unwrap();
            assert!(text.contains(&format!("# TYPE {name} gauge\n")), "{line}");
            let (_, value) = rest.rsplit_once("} ").unwrap();
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        }
        let mean = "epoch_bench_loops_per_second{tracker=\"epoch\",testcase=\"mmap1\",\
                    tasks=\"96\",carrier=\"processes\",kernel=\"7.3\"} 3550909\n";
        assert!(text.contains(mean), "{text}");
        assert!(
            text.contains("epoch_bench_instructions_per_loop{"),
            "{text}"
        );
    }

    #[test]
    fn names_cannot_break_the_labels() {
        let text = text(&compared("a\"b\\", &[1, 2, 3], &[1, 2, 3]).into());
        assert!(text.contains("tracker=\"a\\\"b\\\\\","), "{text}");
        assert!(!text.contains("context_switches"), "{text}");
    }
}
