// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparisons in words, and their tables.

use std::fmt;

use anyhow::Result;
use epoch_results::judge;
use epoch_results::record::{CompareReport, Comparison, Statistics, TrackerReport};
use epoch_stats::{Interval, Warning};
use ministat::{Confidence, MAX_DATASETS, Options};

use super::table::{Align, Table};

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

/// Returns the result in a sentence.
pub fn sentence(comparison: &Comparison, confidence: Confidence, of: Comparisons) -> String {
    let verdict = if comparison.is_proven() {
        "difference proven"
    } else {
        "no difference proven"
    };
    format!(
        "{} ({}), {verdict} {}",
        headline(comparison),
        change(comparison),
        how(comparison, confidence, of)
    )
}

/// Returns the result alone: `epoch is 3.52x mutex`.
pub fn headline(comparison: &Comparison) -> String {
    let times = times(comparison.ratio);
    format!("{} is {times} {}", comparison.tracker, comparison.baseline)
}

/// Returns the difference in percent, and its interval: `+252.0%, +250.3% to +253.8%`.
pub fn change(comparison: &Comparison) -> String {
    let Comparison {
        percent,
        percent_error,
        ..
    } = *comparison;
    let ratio = comparison.evidence.as_ref().and_then(|of| of.paired_ratio);
    let Some(Interval { low, high }) = ratio else {
        let decimals = decimals(2.0 * percent_error);
        return format!("{percent:+.decimals$}% +/- {percent_error:.decimals$}%");
    };
    let [low, high] = [low, high].map(|ratio| 100.0 * (ratio - 1.0));
    let decimals = decimals(high - low);
    format!("{percent:+.decimals$}%, {low:+.decimals$}% to {high:+.decimals$}%")
}

/// Returns the decimals of percentages in an interval of this width.
fn decimals(width: f64) -> usize {
    match width {
        width if width < 2.0 => 2,
        width if width < 20.0 => 1,
        _ => 0,
    }
}

/// Numbers of comparisons, and of samples in them.
#[derive(Clone, Copy, Debug)]
pub struct Comparisons {
    /// Number of comparisons with the same baseline.
    pub count: usize,
    /// Number of samples of each tracker.
    pub samples: usize,
    /// True if samples were taken until they were precise enough.
    pub is_sequential: bool,
}

impl Comparisons {
    /// Returns the numbers of a saved comparison.
    pub fn of(report: &CompareReport) -> Self {
        Self {
            count: report.comparisons.len(),
            samples: report.trackers[0].samples.len(),
            is_sequential: report.until_percent.is_some(),
        }
    }
}

/// Names the test and the confidence behind a verdict.
pub fn how(comparison: &Comparison, confidence: Confidence, of: Comparisons) -> String {
    let Comparisons {
        count,
        samples,
        is_sequential,
    } = of;
    let paired = if is_sequential {
        "sequential paired t"
    } else {
        "paired t"
    };
    let test = match &comparison.evidence {
        None => "Student's t".into(),
        Some(of) if of.paired_p_holm.is_none() => paired.into(),
        Some(_) => format!("{paired}, Holm over {count} comparisons"),
    };
    format!("at {confidence} confidence ({test}, N={samples} each)")
}

/// Returns the results of the tests for equivalence, a sentence each.
pub fn equivalences(
    comparisons: &[Comparison],
    confidence: Confidence,
) -> impl Iterator<Item = String> {
    comparisons.iter().filter_map(move |comparison| {
        let of = comparison.evidence.as_ref()?.equivalence.as_ref()?;
        let verdict = proven(of.proven);
        Some(format!(
            "{} is within {}% of {}: {verdict} at {confidence} confidence (two one-sided paired t \
             tests, p {})",
            comparison.tracker,
            of.within_percent,
            comparison.baseline,
            P(of.p)
        ))
    })
}

/// Returns the verdicts in words, a sentence for each comparison.
pub fn verdicts(report: &CompareReport) -> Result<Vec<String>> {
    let confidence = report.confidence()?;
    let of = Comparisons::of(report);
    let sentences = report.comparisons.iter();
    Ok(sentences
        .map(|comparison| sentence(comparison, confidence, of))
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
    let rows: Vec<_> = comparisons
        .iter()
        .filter_map(|comparison| Some((&comparison.tracker, comparison.evidence.as_ref()?)))
        .collect();
    let mut table = Table::default();
    table.push("tracker", Align::Left, &rows, |(name, _)| name.to_string());
    table.push("Welch p", Align::Right, &rows, |(_, of)| {
        P(of.welch_p).to_string()
    });
    table.push("paired p", Align::Right, &rows, |(_, of)| {
        P(of.paired_p).to_string()
    });
    if rows.iter().any(|(_, of)| of.paired_p_holm.is_some()) {
        table.push("Holm p", Align::Right, &rows, |(_, of)| {
            of.paired_p_holm.map_or("-".into(), |p| P(p).to_string())
        });
    }
    let bootstrap = format!("ratio {confidence} (bootstrap)");
    table.push(&bootstrap, Align::Left, &rows, |(_, of)| {
        of.ratio_interval.map_or("-".into(), ratio)
    });
    table.push("effect (Hedges' g)", Align::Left, &rows, |(_, of)| {
        of.effect.map_or("-".into(), |effect| {
            format!("{} ({:+.1})", effect.size(), effect.g)
        })
    });
    (!rows.is_empty()).then_some(table)
}

/// Formats the interval of a ratio.
fn ratio(interval: Interval) -> String {
    let Interval { low, high } = interval;
    match low {
        low if low < 0.0005 => format!("<0.001x to {high:.3}x"),
        low => format!("{low:.3}x to {high:.3}x"),
    }
}

/// Returns a verdict in words.
pub fn proven(proven: bool) -> &'static str {
    if proven { "proven" } else { "not proven" }
}

/// Returns what contradicts the verdicts, a sentence each: ministat's test, the adjustment for several
/// comparisons, and the bootstrap.
pub fn contradictions(comparisons: &[Comparison]) -> impl Iterator<Item = String> {
    comparisons.iter().flat_map(|comparison| {
        let Some(evidence) = &comparison.evidence else {
            return Vec::new();
        };
        let names = names(comparison);
        let proves = |proven: bool| if proven { "proves" } else { "does not prove" };
        let mut lines = Vec::new();
        let alone = evidence.paired_ratio.map(|of| !of.contains(1.0));
        let alone = alone.unwrap_or(evidence.paired_proven);
        if comparison.proven != alone {
            lines.push(format!(
                "{names}: Student's test, which is ministat's, {} a difference; prefer the paired \
                 test, since it takes the rounds into account",
                proves(comparison.proven)
            ));
        }
        if alone != evidence.paired_proven {
            lines.push(format!(
                "{names}: the paired test alone {} a difference, with p {}; among {} comparisons \
                 one such is no proof",
                proves(alone),
                P(evidence.paired_p),
                comparisons.len()
            ));
        }
        let bootstrap = evidence.ratio_interval.map(|of| !of.contains(1.0));
        if bootstrap.is_some_and(|bootstrap| bootstrap != alone) {
            lines.push(format!(
                "{names}: the bootstrap, which assumes no distribution, {} a difference: take more \
                 samples",
                proves(!alone)
            ));
        }
        lines
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
    table.push(&level, Align::Left, &rows, |(_, comparison)| {
        let Some(comparison) = comparison else {
            return String::new();
        };
        let interval = comparison.evidence.as_ref().and_then(|of| of.paired_ratio);
        match interval {
            Some(Interval { low, high }) => format!("{low:.2} to {high:.2}"),
            None => format!("+/- {:.2}", comparison.ratio_error()),
        }
    });
    table.push("verdict", Align::Left, &rows, |(_, comparison)| {
        comparison
            .map_or("baseline", |of| proven(of.is_proven()))
            .into()
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
            tracker  Welch p  paired p  ratio 95% (bootstrap)  effect (Hedges' g)\n\
            epoch     0.3432   <0.0001  1.048x to 1.053x       small (+0.5)";
        assert_eq!(table, expected);
    }

    #[test]
    fn what_contradicts_a_verdict_is_told() {
        let lines: Vec<_> = contradictions(&comparisons("epoch", &EPOCH)).collect();
        let expected = "epoch and mutex: Student's test, which is ministat's, does not prove a \
                        difference; prefer the paired test, since it takes the rounds into account";
        assert_eq!(lines, [expected]);
        let double = MUTEX.map(|total| 3 * total);
        assert_eq!(contradictions(&comparisons("epoch", &double)).count(), 0);

        let mut several = comparisons("epoch", &EPOCH);
        several[0].proven = true;
        let evidence = several[0].evidence.as_mut().unwrap();
        evidence.paired_p = 0.03;
        evidence.paired_proven = false;
        evidence.ratio_interval = Some(Interval {
            low: 0.9,
            high: 1.1,
        });
        let lines: Vec<_> = contradictions(&several).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("the paired test alone proves a difference, with p 0.0300"));
        assert!(lines[1].contains("the bootstrap, which assumes no distribution, does not prove"));
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
        let comparison = &judge::compare(&trackers, level, judge::Stopping::Fixed).unwrap()[0];
        let of = Comparisons {
            count: 1,
            samples: totals.len(),
            is_sequential: false,
        };
        super::sentence(comparison, level, of)
    }

    #[test]
    fn the_sentence_says_what_is_proven() {
        assert_eq!(
            sentence("epoch", &AFTER, &BEFORE),
            "epoch is 3.52x mutex (+252.0%, +251.0% to +253.1%), difference proven at 95% \
             confidence (paired t, N=5 each)"
        );
        assert_eq!(
            sentence("mutex", &BEFORE, &AFTER),
            "mutex is 0.28x mutex (-71.59%, -71.68% to -71.51%), difference proven at 95% \
             confidence (paired t, N=5 each)"
        );
        let other = [1005900, 1006400, 1009200, 1013000, 1009100];
        assert_eq!(
            sentence("spin", &other, &BEFORE),
            "spin is 1.00x mutex (-0.00%, -0.01% to +0.01%), no difference proven at 95% \
             confidence (paired t, N=5 each)"
        );
    }

    #[test]
    fn several_comparisons_are_said_to_be_several() {
        let trackers = [
            report("mutex", &BEFORE),
            report("epoch", &AFTER),
            report("spin", &AFTER),
        ];
        let comparisons =
            judge::compare(&trackers, Confidence::P95, judge::Stopping::Fixed).unwrap();
        let of = Comparisons {
            count: 2,
            samples: 5,
            is_sequential: true,
        };
        let how = how(&comparisons[1], Confidence::P95, of);
        let expected = "at 95% confidence (sequential paired t, Holm over 2 comparisons, N=5 each)";
        assert_eq!(how, expected);
        let table = super::tests(&comparisons, Confidence::P95).unwrap().text();
        assert!(
            table.starts_with("tracker  Welch p  paired p   Holm p  ratio"),
            "{table}"
        );
    }

    #[test]
    fn equals_may_be_proven_to_be_equal() {
        let mut report = compared("epoch", &BEFORE, &BEFORE.map(|total| total + 999));
        let level = Confidence::P95;
        judge::test_equivalence(&report.trackers, &mut report.comparisons, 3.0, level);
        let lines: Vec<_> = equivalences(&report.comparisons, level).collect();
        let expected = "epoch is within 3% of mutex: proven at 95% confidence (two one-sided \
                        paired t tests, p <0.0001)";
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn each_mean_has_its_verdict() {
        let report = compared("epoch", &BEFORE, &AFTER);
        let table = means(&report.trackers, &report.comparisons, Confidence::P95);
        let expected = "\
            tracker  average       95%  ratio  95%           verdict\n\
            mutex    1008731  +/- 3595  1.00x                baseline\n\
            epoch    3550909  +/- 2533  3.52x  3.51 to 3.53  proven";
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
