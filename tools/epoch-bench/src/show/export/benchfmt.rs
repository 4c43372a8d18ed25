// SPDX-License-Identifier: MIT OR Apache-2.0

//! Go's benchmark format (go.dev/design/14313-benchmark-format): lines of configuration, and a line
//! for each sample, which benchstat compares.

use super::{Results, Series};

pub fn text(results: &Results) -> String {
    let mut text = String::new();
    for (name, value) in results.environment.facts() {
        // Keys begin with a small letter, and have no spaces.
        text += &format!("{}: {}\n", name.replace(' ', "-"), value.replace('\n', " "));
    }
    text += "Unit loops/s better=higher\n";
    for series in &results.series {
        let name = name(series);
        for sample in &series.samples {
            let counted: u64 = sample.tasks.iter().map(|task| task.iterations).sum();
            let total = sample.total as f64;
            text += &format!("{name} {} ", counted.max(1));
            if sample.total > 0 {
                text += &format!("{} ns/op ", 1e9 * series.seconds(total));
            }
            text += &format!("{total} loops/s\n");
        }
    }
    text
}

/// Returns a name such as `BenchmarkMmap1/tracker=epoch/processes-8`.
fn name(series: &Series) -> String {
    let mut testcase = series.workload.testcase.name().chars();
    let first = testcase.next().map(|char| char.to_ascii_uppercase());
    let testcase: String = first.into_iter().chain(testcase).collect();
    // A space or a hyphen and a number would end the name.
    let tracker = series
        .tracker
        .replace(|char: char| char.is_whitespace(), "_");
    format!(
        "Benchmark{testcase}/tracker={tracker}/{}-{}",
        series.carrier(),
        series.workload.tasks
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::{compared, published};

    /// Reads a line as benchstat does: a name, a count, and pairs of a number and a unit.
    fn read(line: &str) -> (&str, u64, Vec<(f64, &str)>) {
        let words: Vec<_> = line.split_whitespace().collect();
        assert!(words.len() >= 4 && words.len() % 2 == 0, "{line}");
        let pairs = words[2..].chunks(2);
        let pairs = pairs.map(|pair| (pair[0].parse().unwrap(), pair[1]));
        (words[0], words[1].parse().unwrap(), pairs.collect())
    }

    #[test]
    fn benchstat_finds_each_sample() {
        let text = text(&Results::from(published()));
        let (heads, lines): (Vec<_>, Vec<_>) = text
            .lines()
            .partition(|line| !line.starts_with("Benchmark"));
        assert_eq!(lines.len(), 10);
        for line in &heads {
            let (key, _) = line.split_once(": ").unwrap_or(("unit", ""));
            assert!(
                key.starts_with(|char: char| char.is_ascii_lowercase()),
                "{line}"
            );
            assert!(!key.contains(char::is_whitespace), "{line}");
        }
        let (name, count, pairs) = read(lines[0]);
        assert_eq!(name, "BenchmarkMmap1/tracker=mutex/processes-96");
        assert_eq!((count, pairs[1]), (1, (1_005_918.0, "loops/s")));
        assert!((pairs[0].0 - 95_435.2).abs() < 0.1 && pairs[0].1 == "ns/op");
    }

    #[test]
    fn a_sample_without_an_iteration_took_no_time() {
        let text = text(&Results::from(compared("a b", &[0, 1, 2], &[1, 2, 3])));
        assert!(
            text.contains("tracker=mutex/processes-96 1 0 loops/s\n"),
            "{text}"
        );
        assert!(
            text.contains("tracker=a_b/") && !text.contains("inf"),
            "{text}"
        );
    }
}
