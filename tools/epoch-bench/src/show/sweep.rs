// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sweeps in words, and their tables.

use std::io::Write;

use anyhow::Result;
use epoch_results::judge::{Curve, Highest, MIN_POINTS};
use epoch_results::record::{Estimate, Model, Peak, Point, Statistics, SweepReport, TrackerReport};
use ministat::Confidence;
use serde::Serialize;

use super::table::{Align, Table};

/// Returns a table with a row for each number of tasks and columns for each tracker.
pub fn table(report: &SweepReport) -> Result<Table> {
    let confidence = report.confidence()?;
    let mut columns = vec![("tasks".into(), Align::Right)];
    if let Some(point) = report.points.first() {
        for tracker in &point.trackers {
            columns.push((tracker.tracker.clone(), Align::Right));
            columns.push((confidence.to_string(), Align::Right));
        }
    }
    let row = |point: &Point| {
        let mut row = vec![point.workload.tasks.to_string()];
        for TrackerReport { statistics, .. } in &point.trackers {
            row.push(format!("{:.0}", statistics.mean));
            row.push(format!("+/- {:.0}", statistics.mean_error(confidence)));
        }
        row
    };
    let rows = report.points.iter().map(row).collect();
    Ok(Table { columns, rows })
}

/// Describes where each tracker peaks.
pub fn peaks(report: &SweepReport) -> Result<Vec<String>> {
    let confidence = report.confidence()?;
    let curves = report.curves();
    let sentences = curves.iter();
    sentences
        .map(|curve| describe_peak(curve, confidence))
        .collect()
}

/// Describes the peak in a sentence that says what is proven of it.
pub fn describe_peak(curve: &Curve<'_>, confidence: Confidence) -> Result<String> {
    let details = peak_details(curve, confidence)?;
    Ok(format!("{} {details}", peak_headline(curve)))
}

/// Returns the beginning of the peak's description: `mutex peaks at 2 tasks`.
pub fn peak_headline(curve: &Curve<'_>) -> String {
    let at = curve.peak().map_or(0, |(at, _)| at);
    format!("{} peaks at {}", curve.tracker, tasks_in_words(at))
}

/// Returns the rest of the peak's description.
pub fn peak_details(curve: &Curve<'_>, confidence: Confidence) -> Result<String> {
    let Some(highest) = curve.highest(confidence)? else {
        return Ok(String::new());
    };
    let Highest {
        mean,
        mean_error,
        equals,
        last,
        ..
    } = highest;
    let mut text = format!("with {mean:.0} +/- {mean_error:.0} loops a second");
    match last {
        None => text += ", the most that were measured: it may rise further",
        Some((end, percent, error)) => {
            text += &format!(", and has {percent:.0}% +/- {error:.0}% of that at {end}");
        }
    }
    if !equals.is_empty() {
        let equals: Vec<_> = equals.iter().map(usize::to_string).collect();
        text += &format!("; no difference is proven at {}", equals.join(", "));
    }
    Ok(text)
}

fn tasks_in_words(tasks: usize) -> String {
    match tasks {
        1 => "1 task".into(),
        tasks => format!("{tasks} tasks"),
    }
}

/// Describes the fitted models, a line for each tracker, and the law itself.
pub fn models(report: &SweepReport) -> Vec<String> {
    let Some(most) = report.points.last().map(|point| point.workload.tasks) else {
        return Vec::new();
    };
    if report.points.len() < MIN_POINTS {
        return vec![format!(
            "model (USL): {} too few for a fit: name at least {} --tasks",
            numbers_of_tasks(report.points.len()),
            MIN_POINTS
        )];
    }
    let mut lines: Vec<_> = report.usl.iter().map(|of| describe(of, most)).collect();
    lines.extend(unfitted(report));
    lines.push(format!(
        "A model is no measurement: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), \
         the Universal Scalability Law, fitted to the means; in brackets {}% confidence \
         intervals, by their distances from it",
        report.confidence_percent
    ));
    lines
}

/// Returns a line for each tracker that the law could not be fitted to.
pub fn unfitted(report: &SweepReport) -> impl Iterator<Item = String> {
    let is_fitted = |tracker: &str| report.usl.iter().any(|model| model.tracker == tracker);
    let curves = report.curves().into_iter();
    let unfitted = curves.filter(move |curve| !is_fitted(curve.tracker));
    unfitted.map(|curve| {
        format!(
            "model (USL): {}: none, since the means leave its parameters without bounds: name more \
             --tasks",
            curve.tracker
        )
    })
}

fn numbers_of_tasks(count: usize) -> String {
    match count {
        1 => "1 number of tasks is".into(),
        count => format!("{count} numbers of tasks are"),
    }
}

/// Describes the model in one line, for curves that end at this many tasks.
pub fn describe(model: &Model, most_tasks: usize) -> String {
    let Model {
        tracker,
        lambda,
        sigma,
        kappa,
        r_squared,
        ..
    } = model;
    let mut text = format!(
        "model (USL): {tracker}: lambda {:.0} ({:.0} to {:.0}) a second per task, sigma {}, \
         kappa {}, {}, R^2 {r_squared:.3}",
        lambda.value,
        lambda.low,
        lambda.high,
        estimate(*sigma),
        estimate(*kappa),
        peak(model.peak, most_tasks)
    );
    if model.is_bad() {
        let percent = 100.0 * model.deviation;
        text += &format!(
            "; a BAD FIT, up to {percent:.0}% of the highest mean away from what was measured: \
             do not rely on it"
        );
    }
    text
}

/// Formats the value with its interval in brackets.
pub fn estimate(of: Estimate) -> String {
    let [value, low, high] = [of.value, of.low, of.high].map(short);
    format!("{value} ({low} to {high})")
}

/// Formats the peak with its interval in brackets, for curves that end at this many tasks.
pub fn peak(of: Peak, most_tasks: usize) -> String {
    match of.tasks {
        None if of.low.is_none() => "no peak (model)".into(),
        None => format!("no peak (model; {} to none)", tasks_or_none(of.low)),
        Some(peak) => {
            let beyond = if is_beyond(peak, most_tasks) {
                ", beyond what was measured"
            } else {
                ""
            };
            format!(
                "peak at {peak:.1} tasks (model; {} to {}{beyond})",
                tasks_or_none(of.low),
                tasks_or_none(of.high)
            )
        }
    }
}

/// Formats the peak as [`peak`] does, without words.
pub fn peak_alone(of: Peak, most_tasks: usize) -> String {
    let beyond = match of.tasks {
        Some(peak) if is_beyond(peak, most_tasks) => ", not measured",
        _ => "",
    };
    format!(
        "{} ({} to {}{beyond})",
        tasks_or_none(of.tasks),
        tasks_or_none(of.low),
        tasks_or_none(of.high)
    )
}

fn tasks_or_none(tasks: Option<f64>) -> String {
    tasks.map_or("none".into(), |tasks| format!("{tasks:.1}"))
}

/// True if the peak is at more tasks than were measured.
fn is_beyond(peak: f64, most_tasks: usize) -> bool {
    peak.round() > most_tasks as f64
}

/// Formats two significant digits, without an exponent.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let decimals = 1.0 - value.abs().log10().floor();
    let text = format!("{value:.*}", decimals.clamp(0.0, 12.0) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

/// Writes a header line, and a line for each tracker and number of tasks.
pub fn write_csv(report: &SweepReport, out: &mut dyn Write) -> Result<()> {
    #[derive(Serialize)]
    struct Record<'a> {
        tasks: usize,
        tracker: &'a str,
        samples: usize,
        average: f64,
        error: f64,
        stddev: f64,
        min: u64,
        median: f64,
        max: u64,
    }

    let confidence = report.confidence()?;
    let mut csv = csv::Writer::from_writer(out);
    for Point {
        workload, trackers, ..
    } in &report.points
    {
        for tracker in trackers {
            let error = tracker.statistics.mean_error(confidence);
            let Statistics {
                n,
                mean,
                stddev,
                min,
                max,
                median,
            } = tracker.statistics;
            csv.serialize(Record {
                tasks: workload.tasks,
                tracker: &tracker.tracker,
                samples: n,
                average: mean,
                error,
                stddev,
                min,
                median,
                max,
            })?;
        }
    }
    csv.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::activity::{self, sweep_rows};
    use epoch_results::examples::{
        activity as activity_of_all, counted_samples, example_sweep as example,
    };
    use epoch_results::record::ActivityPerIteration;

    #[test]
    fn each_number_of_tasks_has_a_row() {
        let expected = "\
            tasks  mutex    95%  epoch    95%\n\
            \x20   1    101  +/- 2     91  +/- 2\n\
            \x20   2    200  +/- 2    181  +/- 2\n\
            \x20   4    199  +/- 2    360  +/- 2\n\
            \x20   8     50  +/- 2    721  +/- 2";
        assert_eq!(table(&example()).unwrap().text(), expected);
    }

    #[test]
    fn activity_has_a_row_for_each_mean() {
        let mut report = example();
        assert_eq!(activity::text(&sweep_rows(&report)), None);
        let samples = counted_samples(2, 2, 100);
        report.points[1].trackers[0].activity =
            ActivityPerIteration::of(&activity_of_all(), &samples);
        let text = activity::text(&sweep_rows(&report)).unwrap();
        assert!(
            text.contains("\nmutex, 2 tasks      200      2.00  "),
            "{text}"
        );
        assert!(
            text.contains("\nepoch, 8 tasks      721         -  "),
            "{text}"
        );
    }

    #[test]
    fn peaks_are_found() {
        let expected = [
            "mutex peaks at 2 tasks with 200 +/- 2 loops a second, and has 25% +/- 1% of that at 8; \
             no difference is proven at 4",
            "epoch peaks at 8 tasks with 721 +/- 2 loops a second, the most that were measured: it \
             may rise further",
        ];
        assert_eq!(peaks(&example()).unwrap(), expected);
    }

    #[test]
    fn models_are_marked_as_such() {
        let mut report = example();
        report.fit().unwrap();
        let lines = models(&report);
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].starts_with("model (USL): epoch: lambda "),
            "{lines:?}"
        );
        // Four numbers of tasks leave a single degree of freedom.
        assert!(
            lines[1].starts_with("model (USL): mutex: none, since"),
            "{lines:?}"
        );
        assert!(
            lines[2].starts_with("A model is no measurement"),
            "{lines:?}"
        );
        let saved = serde_json::to_string(&report).unwrap();
        let mut read = SweepReport::read(saved.as_bytes()).unwrap();
        read.usl.clear();
        read.fit().unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), saved);

        report.points.pop();
        report.fit().unwrap();
        let few = "model (USL): 3 numbers of tasks are too few for a fit: name at least 4 --tasks";
        assert_eq!(models(&report), [few]);
        assert_eq!(report.usl, []);
    }

    #[test]
    fn csv_has_a_line_for_each_tracker_and_number() {
        let mut csv = Vec::new();
        write_csv(&example(), &mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 9);
        let head = "tasks,tracker,samples,average,error,stddev,min,median,max";
        assert_eq!(lines[0], head);
        assert!(lines[8].starts_with("8,epoch,3,721.0,2.48"), "{}", lines[8]);
    }

    #[test]
    fn small_numbers_keep_two_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.000_123_4, "0.00012"),
            (0.03, "0.03"),
            (0.999, "1"),
            (1.26, "1.3"),
            (123.0, "123"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
