// SPDX-License-Identifier: MIT OR Apache-2.0

//! False positive rates in words.

use std::fmt;

use epoch_results::record::{FalsePositives, Rate};
use epoch_stats::Interval;

/// Returns a sentence for each test.
pub fn sentences(rates: &FalsePositives) -> Vec<String> {
    let tests = [
        ("Student's t", &rates.student),
        ("Welch's t", &rates.welch),
        ("paired t", &rates.paired),
    ];
    tests.map(|(test, rate)| sentence(rates, test, rate)).into()
}

fn sentence(of: &FalsePositives, test: &str, rate: &Rate) -> String {
    let FalsePositives {
        tracker,
        comparisons,
        expected_percent: expected,
        confidence_percent: confidence,
        ..
    } = of;
    let Rate {
        proven,
        percent,
        interval: Interval { low, high },
    } = *rate;
    let mut text = format!(
        "{test}: {proven} of {comparisons} comparisons of {tracker} with itself called a \
         difference proven: {} ({confidence}% interval {} to {}); {} are expected",
        Percent(percent),
        Percent(low),
        Percent(high),
        Percent(*expected)
    );
    if low > *expected {
        text += ", and this is more than chance: do not believe it here";
    }
    text
}

/// A percentage, with one decimal where it matters.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.0 < 10.0 && (self.0 - self.0.round()).abs() >= 0.05);
        write!(f, "{:.decimals$}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_results::examples::compared;
    use epoch_results::record::Comparison;
    use ministat::Confidence;

    fn comparisons(proven: usize) -> Vec<Comparison> {
        let comparison = |proven| {
            let totals = if proven {
                [2000, 2001, 2002]
            } else {
                [1002, 1000, 1001]
            };
            let mut report = compared("epoch", &[1000, 1001, 1002], &totals);
            report.comparisons.remove(0)
        };
        (0..20).map(|index| comparison(index < proven)).collect()
    }

    #[test]
    fn one_in_twenty_is_what_is_expected() {
        let rates = FalsePositives::of(&comparisons(1), Confidence::P95).unwrap();
        let expected = "\
            Student's t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected\n\
            Welch's t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected\n\
            paired t: 1 of 20 comparisons of epoch with itself called a difference proven: 5% \
            (95% interval 0.1% to 25%); 5% are expected";
        assert_eq!(sentences(&rates).join("\n"), expected);
    }

    #[test]
    fn ten_in_twenty_are_too_many() {
        let rates = FalsePositives::of(&comparisons(10), Confidence::P95).unwrap();
        let text = sentences(&rates).join("\n");
        assert_eq!(text.matches("50% (95% interval 27% to 73%)").count(), 3);
        assert_eq!(text.matches("do not believe it here").count(), 3, "{text}");
    }

    #[test]
    fn the_level_is_that_of_the_comparisons() {
        let rates = FalsePositives::of(&comparisons(0), Confidence::P995).unwrap();
        let text = sentences(&rates).join("\n");
        assert!(
            text.contains("0% (99.5% interval 0% to 26%); 0.5% are expected"),
            "{text}"
        );
        assert_eq!(FalsePositives::of(&[], Confidence::P95), None);
    }
}
