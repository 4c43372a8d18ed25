// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons in words, and their tables.

use std::fmt;

use anyhow::Result;
use epoch_results::judge;
use epoch_results::record::{CompareReport, Comparison, Statistics, TrackerReport};
use epoch_stats::Warning;
use ministat::{Confidence, MAX_DATASETS, Options};

use super::table::{Align, Table};

/// Names the test and the confidence behind a verdict.
pub fn how(confidence: Confidence, n: usize) -> String {
    format!("at {confidence} confidence (Student's t, N={n} each)")
}

/// Formats a ratio with about three digits.
pub fn times(ratio: f64) -> String {
    let decimals = if ratio < 10.0 {
        2
    } else if ratio < 100.0 {
        1
    } else {
        0
    };
    format!("{ratio:.decimals$}x")
}

fn percent(percent: f64, error: f64) -> String {
    let decimals = if error < 1.0 {
        2
    } else if error < 10.0 {
        1
    } else {
        0
    };
    format!("{percent:+.decimals$}% +/- {error:.decimals$}%")
}

/// Returns the result in a sentence.
pub fn sentence(comparison: &Comparison, confidence: Confidence, n: usize) -> String {
    let headline = headline(comparison);
    let how = how(confidence, n);
    if comparison.proven {
        let change = change(comparison);
        format!("{headline} ({change}), difference proven {how}")
    } else {
        format!("{headline}, no difference proven {how}")
    }
}

/// Returns the result alone: `epoch is 3.52x mutex`.
pub fn headline(comparison: &Comparison) -> String {
    let times = times(comparison.ratio);
    format!("{} is {times} {}", comparison.tracker, comparison.baseline)
}

/// Returns the difference in percent, and its interval: `+252.0% +/- 1.1%`.
pub fn change(comparison: &Comparison) -> String {
    percent(comparison.percent, comparison.percent_error)
}

/// Returns the verdicts in words, a sentence for each comparison.
pub fn verdicts(report: &CompareReport) -> Result<Vec<String>> {
    let confidence = report.confidence()?;
    let samples = report.trackers[0].samples.len();
    let sentences = report.comparisons.iter();
    Ok(sentences
        .map(|comparison| sentence(comparison, confidence, samples))
        .collect())
}

/// Note printed with every comparison.
pub const CAVEAT: &str = "These trackers are load added for the comparison: Linux itself has no \
                          global delayed-invalidation lock.";

/// Returns ministat's report on the samples.
///
/// ministat takes [`MAX_DATASETS`] at a time: more trackers are split into several blocks, each of
/// which begins with the baseline.
pub fn ministat(trackers: &[TrackerReport], confidence: Confidence) -> Result<String> {
    let options = Options {
        confidence,
        ..Options::default()
    };
    let datasets = judge::datasets(trackers)?;
    let (baseline, others) = datasets.split_at(1);
    let blocks = others.chunks(MAX_DATASETS - 1);
    let blocks: Vec<_> = blocks
        .map(|others| ministat::report(&[baseline, others].concat(), &options))
        .collect::<Result<_, _>>()?;
    Ok(blocks.join("\n"))
}

/// Returns a table of the tests with a row for each comparison, or `None` without evidence.
pub fn tests(comparisons: &[Comparison], confidence: Confidence) -> Option<Table> {
    let columns = vec![
        ("tracker".into(), Align::Left),
        ("Welch p".into(), Align::Right),
        ("paired p".into(), Align::Right),
        ("paired".into(), Align::Left),
        (format!("ratio {confidence} (bootstrap)"), Align::Left),
        ("effect (Hedges' g)".into(), Align::Left),
    ];
    let rows: Vec<_> = comparisons
        .iter()
        .filter_map(|comparison| {
            let evidence = comparison.evidence.as_ref()?;
            Some(vec![
                comparison.tracker.clone(),
                P(evidence.welch_p).to_string(),
                P(evidence.paired_p).to_string(),
                proven(evidence.paired_proven).into(),
                evidence.ratio_interval.map_or("-".into(), |ratio| {
                    format!("{:.3}x to {:.3}x", ratio.low, ratio.high)
                }),
                evidence.effect.map_or("-".into(), |effect| {
                    format!("{} ({:+.1})", effect.size(), effect.g)
                }),
            ])
        })
        .collect();
    (!rows.is_empty()).then_some(Table { columns, rows })
}

/// Returns a verdict in words.
pub fn proven(proven: bool) -> &'static str {
    if proven { "proven" } else { "not proven" }
}

/// Returns the verdicts of the paired test that contradict Student's.
pub fn contradictions(comparisons: &[Comparison]) -> impl Iterator<Item = String> {
    comparisons.iter().filter_map(|comparison| {
        let evidence = comparison.evidence.as_ref()?;
        let verdict = match (comparison.proven, evidence.paired_proven) {
            (true, false) => "proves no difference",
            (false, true) => "proves a difference",
            _ => return None,
        };
        Some(format!(
            "{}: the paired test {verdict}, with p {}; prefer it, since it takes the rounds \
             into account",
            names(comparison),
            P(evidence.paired_p)
        ))
    })
}

/// Returns all warnings of a comparison, those of the trackers first. A warning on several is one
/// line.
pub fn all_warnings<'a>(
    trackers: impl Iterator<Item = (&'a str, Vec<Warning>)>,
    comparisons: &[Comparison],
) -> Vec<String> {
    let of_trackers = trackers.map(|(tracker, warnings)| (tracker.to_owned(), warnings));
    let of_comparisons = comparisons.iter().filter_map(|comparison| {
        Some((
            names(comparison),
            comparison.evidence.as_ref()?.warnings.clone(),
        ))
    });
    let mut lines: Vec<(Vec<String>, String)> = Vec::new();
    for (name, warnings) in of_trackers.chain(of_comparisons) {
        for warning in warnings.iter().map(ToString::to_string) {
            match lines.iter_mut().find(|(_, line)| *line == warning) {
                Some((names, _)) if names.contains(&name) => {}
                Some((names, _)) => names.push(name.clone()),
                None => lines.push((vec![name.clone()], warning)),
            }
        }
    }
    let lines = lines.into_iter();
    lines
        .map(|(names, warning)| format!("{}: {warning}", names.join(", ")))
        .collect()
}

/// Names the tracker and the baseline of a comparison.
fn names(comparison: &Comparison) -> String {
    let Comparison {
        tracker, baseline, ..
    } = comparison;
    if tracker == baseline {
        format!("{tracker} and itself")
    } else {
        format!("{tracker} and {baseline}")
    }
}

/// A p-value with four decimals.
struct P(f64);

impl fmt::Display for P {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0.0001 {
            f.pad("<0.0001")
        } else {
            write!(f, "{:.4}", self.0)
        }
    }
}

/// Returns the table of the means and their verdicts: a row for each tracker, the baseline first.
pub fn means(
    trackers: &[TrackerReport],
    comparisons: &[Comparison],
    confidence: Confidence,
) -> Table {
    let comparisons = std::iter::once(None).chain(comparisons.iter().map(Some));
    let rows: Vec<_> = trackers.iter().zip(comparisons).collect();
    let mut table = Table::default();
    let level = confidence.to_string();
    table.push("tracker", Align::Left, &rows, |(of, _)| of.tracker.clone());
    table.push("average", Align::Right, &rows, |(of, _)| {
        format!("{:.0}", of.statistics.mean)
    });
    table.push(&level, Align::Right, &rows, |(of, _)| {
        format!("+/- {:.0}", of.statistics.mean_error(confidence))
    });
    table.push("ratio", Align::Right, &rows, |(_, comparison)| {
        format!("{:.2}x", comparison.map_or(1.0, |of| of.ratio))
    });
    table.push(&level, Align::Right, &rows, |(_, comparison)| {
        comparison.map_or(String::new(), |of| format!("+/- {:.2}", of.ratio_error()))
    });
    table.push("verdict", Align::Left, &rows, |(_, comparison)| {
        comparison.map_or("baseline", |of| proven(of.proven)).into()
    });
    table
}

/// Adds the spread of each tracker's samples.
pub fn push_spread(table: &mut Table, trackers: &[TrackerReport]) {
    let mut push = |name, cell: fn(&Statistics) -> String| {
        table.push(name, Align::Right, trackers, |of| cell(&of.statistics));
    };
    push("N", |of| of.n.to_string());
    push("stddev", |of| format!("{:.0}", of.stddev));
    push("min", |of| of.min.to_string());
    push("median", |of| format!("{:.0}", of.median));
    push("max", |of| of.max.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{compared, report};

    const MUTEX: [u64; 8] = [1000, 1150, 900, 1060, 1230, 980, 1010, 1100];
    /// `mutex` plus some 5 % in each round, which is less than the rounds differ by.
    const EPOCH: [u64; 8] = [1048, 1212, 941, 1117, 1290, 1031, 1058, 1156];

    fn comparisons(tracker: &str, other: &[u64]) -> Vec<Comparison> {
        compared(tracker, &MUTEX, other).comparisons
    }

    #[test]
    fn the_table_is_no_wider_than_a_page() {
        let table = super::tests(&comparisons("epoch-keyed", &EPOCH), Confidence::P995)
            .unwrap()
            .text();
        assert!(table.lines().all(|line| line.len() <= 100), "{table}");
        let table = super::tests(&comparisons("epoch", &EPOCH), Confidence::P95)
            .unwrap()
            .text();
        let expected = "\
            tracker  Welch p  paired p  paired  ratio 95% (bootstrap)  effect (Hedges' g)\n\
            epoch     0.3432   <0.0001  proven  1.048x to 1.053x       small (+0.5)";
        assert_eq!(table, expected);
    }

    #[test]
    fn findings_of_the_paired_test_are_told() {
        let lines: Vec<_> = contradictions(&comparisons("epoch", &EPOCH)).collect();
        let expected = "epoch and mutex: the paired test proves a difference, with p <0.0001; \
                        prefer it, since it takes the rounds into account";
        assert_eq!(lines, [expected]);
        let double = MUTEX.map(|total| 3 * total);
        assert_eq!(contradictions(&comparisons("epoch", &double)).count(), 0);
    }

    #[test]
    fn few_samples_have_p_values_and_a_warning() {
        let report = compared("epoch", &MUTEX[..3], &EPOCH[..3]);
        let evidence = report.comparisons[0].evidence.as_ref().unwrap();
        assert_eq!(evidence.ratio_interval, None);
        assert!(evidence.paired_proven);
        let trackers = report.trackers.iter();
        let warnings = trackers.map(|report| (&*report.tracker, judge::warnings(&report.samples)));
        assert_eq!(
            all_warnings(warnings, &report.comparisons),
            ["mutex, epoch: 3 samples are too few to detect drift or groups: take 6 or more"]
        );
    }

    #[test]
    fn each_comparison_has_its_warnings() {
        // Of the seven rounds, four scatter by half.
        let wild = [1000, 400, 1900, 1500, 600, 1700, 300, 1400];
        let lines = all_warnings(std::iter::empty(), &comparisons("epoch", &wild));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with("epoch and mutex: the paired test could have proven no "),
            "{lines:?}"
        );
    }

    const BEFORE: [u64; 5] = [1005918, 1006319, 1009119, 1013143, 1009155];
    const AFTER: [u64; 5] = [3548585, 3548786, 3552085, 3552502, 3552587];

    fn sentence(name: &str, totals: &[u64], baseline: &[u64]) -> String {
        let trackers = [report("mutex", baseline), report(name, totals)];
        let level = Confidence::P95;
        let comparison = &judge::compare(&trackers, level).unwrap()[0];
        super::sentence(comparison, level, totals.len())
    }

    #[test]
    fn the_sentence_says_what_is_proven() {
        assert_eq!(
            sentence("epoch", &AFTER, &BEFORE),
            "epoch is 3.52x mutex (+252.0% +/- 1.1%), difference proven at 95% confidence \
             (Student's t, N=5 each)"
        );
        assert_eq!(
            sentence("mutex", &BEFORE, &AFTER),
            "mutex is 0.28x mutex (-71.59% +/- 0.09%), difference proven at 95% confidence \
             (Student's t, N=5 each)"
        );
        assert_eq!(
            sentence("spin", &BEFORE, &BEFORE),
            "spin is 1.00x mutex, no difference proven at 95% confidence (Student's t, N=5 each)"
        );
    }

    #[test]
    fn each_mean_has_its_verdict() {
        let report = compared("epoch", &BEFORE, &AFTER);
        let table = means(&report.trackers, &report.comparisons, Confidence::P95);
        let expected = "\
            tracker  average       95%  ratio       95%  verdict\n\
            mutex    1008731  +/- 3594  1.00x            baseline\n\
            epoch    3550909  +/- 2532  3.52x  +/- 0.01  proven";
        assert_eq!(table.text(), expected);
        let equal = compared("srcu", &BEFORE, &BEFORE);
        let mut table = means(&equal.trackers, &equal.comparisons, Confidence::P99);
        push_spread(&mut table, &equal.trackers);
        let text = table.text();
        let (head, rows) = text.split_once('\n').unwrap();
        assert!(head.starts_with("tracker  average       99%"), "{text}");
        assert!(
            rows.contains("not proven  5    2895  1005918  1009119  1013143"),
            "{text}"
        );
    }
}
