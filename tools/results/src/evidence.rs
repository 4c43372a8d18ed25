// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tests of a comparison that ministat does not have.

use std::fmt;

use epoch_stats::{Effect, Interval, TTest, Warning, ratio_interval};
use ministat::Confidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sample::Sample;
use crate::stats::Comparison;
use crate::table::{Align, Table};

/// Tests of two trackers' samples that ministat does not have. Sample `i` of each is from round
/// `i`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Evidence {
    /// Two-sided p-value of Welch's t test, which does not assume that the variances are equal.
    pub welch_p: f64,
    /// Two-sided p-value of the t test of the rounds' differences, which does not assume that the
    /// samples are independent: the preferred test.
    pub paired_p: f64,
    /// True if the paired test proves a difference.
    pub paired_proven: bool,
    /// True if Welch's test proves a difference.
    pub welch_proven: bool,
    /// Confidence interval of the tracker's mean as a multiple of the baseline's, by bootstrap of
    /// the rounds; absent with fewer than six samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_interval: Option<Interval>,
    /// Hedges' g; absent if the samples have no spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Warnings on the verdict, in addition to the trackers' own warnings on their samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

impl Evidence {
    /// Tests equally many samples of both. Returns `None` if there are fewer than two.
    pub fn of(baseline: &[Sample], samples: &[Sample], confidence: Confidence) -> Option<Self> {
        let (baseline, samples) = (totals(baseline), totals(samples));
        let level = level(confidence);
        let welch = TTest::welch(&baseline, &samples)?;
        let paired = TTest::paired(&baseline, &samples)?;
        Some(Self {
            welch_p: welch.p(),
            paired_p: paired.p(),
            paired_proven: paired.proves(level),
            welch_proven: welch.proves(level),
            ratio_interval: ratio_interval(&baseline, &samples, level),
            effect: Effect::hedges_g(&baseline, &samples, level),
            warnings: epoch_stats::of_comparison(&baseline, &samples, level),
        })
    }
}

/// Returns warnings that apply to every verdict on these samples.
pub fn warnings(samples: &[Sample]) -> Vec<Warning> {
    epoch_stats::of_samples(&totals(samples))
}

/// Returns a confidence level as a share.
pub fn level(confidence: Confidence) -> f64 {
    confidence.percent() / 100.0
}

fn totals(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.total as f64).collect()
}

/// Returns a table with a row for each comparison, or `None` without evidence.
pub fn table(comparisons: &[Comparison], confidence: Confidence) -> Option<Table> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::compared;

    const MUTEX: [u64; 8] = [1000, 1150, 900, 1060, 1230, 980, 1010, 1100];
    /// `mutex` plus some 5 % in each round, which is less than the rounds differ by.
    const EPOCH: [u64; 8] = [1048, 1212, 941, 1117, 1290, 1031, 1058, 1156];

    fn comparisons(tracker: &str, other: &[u64]) -> Vec<Comparison> {
        compared(tracker, &MUTEX, other).comparisons
    }

    #[test]
    fn the_table_is_no_wider_than_a_page() {
        let table = table(&comparisons("epoch-keyed", &EPOCH), Confidence::P995)
            .unwrap()
            .text();
        assert!(table.lines().all(|line| line.len() <= 100), "{table}");
        let table = self::table(&comparisons("epoch", &EPOCH), Confidence::P95)
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
        let warnings = trackers.map(|report| (&*report.tracker, warnings(&report.samples)));
        assert_eq!(
            all_warnings(warnings, &report.comparisons),
            ["mutex, epoch: 3 samples are too few to detect drift or groups: take 6 or more"]
        );
    }

    #[test]
    fn samples_without_spread_have_no_effect_size() {
        let report = compared("epoch", &[500; 7], &[1000; 7]);
        let evidence = report.comparisons[0].evidence.as_ref().unwrap();
        assert_eq!((evidence.welch_p, evidence.effect), (0.0, None));
        let table = table(&report.comparisons, Confidence::P95).unwrap().text();
        assert!(
            table.contains("proven  2.000x to 2.000x       -"),
            "{table}"
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
}
