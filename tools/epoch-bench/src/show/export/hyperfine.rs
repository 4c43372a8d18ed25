// SPDX-License-Identifier: MIT OR Apache-2.0

//! JSON as hyperfine's `--export-json`: times in seconds, here of an iteration of a task.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::{Results, Series};

/// Parameters in which the benchmarks of a file may differ.
const PARAMETERS: [&str; 2] = ["tracker", "tasks"];

#[derive(Serialize)]
struct Export {
    results: Vec<Benchmark>,
}

#[derive(Serialize)]
struct Benchmark {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    min: f64,
    max: f64,
    times: Vec<f64>,
    exit_codes: Vec<i32>,
    /// Those of [`PARAMETERS`] that the benchmarks differ in.
    parameters: BTreeMap<&'static str, String>,
}

pub fn text(results: &Results) -> Result<String> {
    let mut benchmarks: Vec<_> = results.series.iter().map(benchmark).collect();
    // As hyperfine's, whose scripts plot over the only one.
    for parameter in PARAMETERS {
        let values: BTreeSet<_> = benchmarks
            .iter()
            .map(|of| of.parameters[parameter].clone())
            .collect();
        if values.len() < 2 {
            for benchmark in &mut benchmarks {
                benchmark.parameters.remove(parameter);
            }
        }
    }
    Ok(serde_json::to_string_pretty(&Export {
        results: benchmarks,
    })? + "\n")
}

fn benchmark(series: &Series) -> Benchmark {
    // A sample without an iteration has no time of one.
    let totals = series.samples.iter().map(|sample| sample.total);
    let times: Vec<f64> = totals
        .filter(|total| *total > 0)
        .map(|total| series.seconds(total as f64))
        .collect();
    let n = times.len();
    let mean = times.iter().sum::<f64>() / n.max(1) as f64;
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    let mut sorted = times.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
    let (tasks, tracker) = (series.workload.tasks.to_string(), series.tracker.clone());
    Benchmark {
        command: format!("epoch-bench run --tracker {tracker} --tasks {tasks}"),
        mean,
        stddev: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        median: (at(n / 2) + at(n.saturating_sub(1) / 2)) / 2.0,
        min: at(0),
        max: at(n.saturating_sub(1)),
        exit_codes: vec![0; n],
        times,
        parameters: PARAMETERS.into_iter().zip([tracker, tasks]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{compared, example_sweep, published};
    use serde_json::{Value, json};

    #[test]
    fn each_tracker_is_a_benchmark() {
        let json: Value = serde_json::from_str(&text(&published().into()).unwrap()).unwrap();
        let results = json["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        assert_eq!(results[0]["parameters"], json!({ "tracker": "mutex" }));
        assert_eq!(results[0]["times"].as_array().unwrap().len(), 5);
        let number = |key: &str| results[0][key].as_f64().unwrap();
        assert!((number("mean") - 96.0 / 1_008_730.8).abs() < 1e-9);
        assert!(number("min") < number("median") && number("median") < number("max"));
    }

    #[test]
    fn parameters_are_what_benchmarks_differ_in() {
        let parameters = |results: &Results| {
            let json: Value = serde_json::from_str(&text(results).unwrap()).unwrap();
            json["results"][1]["parameters"].clone()
        };
        let mut sweep = Results::from(example_sweep());
        assert_eq!(
            parameters(&sweep),
            json!({ "tasks": "1", "tracker": "epoch" })
        );
        sweep.series.retain(|series| series.tracker == "epoch");
        assert_eq!(parameters(&sweep), json!({ "tasks": "2" }));
    }

    #[test]
    fn numbers_are_finite() {
        let text = text(&compared("epoch", &[0, 0, 1], &[1, 2, 3]).into()).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["results"][0]["times"].as_array().unwrap().len(), 1);
        assert_eq!(json["results"][0]["stddev"], Value::Null);
    }
}
