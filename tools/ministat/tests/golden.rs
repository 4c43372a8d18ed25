// SPDX-License-Identifier: MIT OR Apache-2.0

//! The experiment of 2018 that this project reproduces, recomputed.

use ministat::{Confidence, Dataset, Edition, Options, report};

const BEFORE: [f64; 5] = [1005918.0, 1006319.0, 1009119.0, 1013143.0, 1009155.0];
const AFTER: [f64; 5] = [3548585.0, 3548786.0, 3552085.0, 3552502.0, 3552587.0];

fn block(options: &Options) -> String {
    let before = Dataset::new("before", BEFORE.to_vec()).unwrap();
    let after = Dataset::new("after", AFTER.to_vec()).unwrap();
    report(&[before, after], options).unwrap()
}

const NAMES: &str = "x before\n+ after\n";

const PLOT: &str = "\
+--------------------------------------------------------------------------+
|x                                                                        +|
|x                                                                        +|
|x                                                                        +|
|x                                                                        +|
|x                                                                        +|
|A                                                                        A|
+--------------------------------------------------------------------------+
";

const VITALS: &str = "    N           Min           Max        Median           Avg        Stddev
x   5       1005918       1013143       1009119     1008730.8     2895.1156
+   5       3548585       3552587       3552085       3550909     2039.8783
";

const DIFFERENCE: &str = "Difference at 95.0% confidence
\t2.54218e+06 +/- 3652.34
\t252.018% +/- 1.06257%
\t(Student's t, pooled s = 2504.28)
";

#[test]
fn the_published_block_is_reproduced() {
    let expected = [NAMES, PLOT, VITALS, DIFFERENCE].concat();
    assert_eq!(block(&Options::default()), expected);
}

#[test]
fn the_legacy_edition_differs_in_the_relative_error_alone() {
    let options = Options {
        edition: Edition::Legacy,
        ..Options::default()
    };
    let difference = DIFFERENCE.replace("1.06257", "0.362073");
    assert_eq!(block(&options), [NAMES, PLOT, VITALS, &difference].concat());
}

#[test]
fn the_plot_and_the_comparison_can_be_left_out() {
    let no_plot = Options {
        plot: false,
        ..Options::default()
    };
    assert_eq!(block(&no_plot), [NAMES, VITALS, DIFFERENCE].concat());
    let vitals = Options {
        vitals_only: true,
        ..Options::default()
    };
    assert_eq!(block(&vitals), [NAMES, VITALS].concat());
}

#[test]
fn a_difference_within_the_error_is_not_proven() {
    let one = Dataset::new("one", vec![10.0, 20.0, 30.0]).unwrap();
    let two = Dataset::new("two", vec![12.0, 22.0, 32.0]).unwrap();
    let options = Options {
        confidence: Confidence::P995,
        plot: false,
        ..Options::default()
    };
    let text = report(&[one, two], &options).unwrap();
    assert!(text.ends_with("No difference proven at 99.5% confidence\n"));
}

#[test]
fn coinciding_points_have_no_plot() {
    let same = Dataset::new("same", vec![5.0; 4]).unwrap();
    let text = report(&[same], &Options::default()).unwrap();
    assert!(text.starts_with("x same\n[no plot, span is zero width]\n    N "));
}

#[test]
fn impossible_reports_are_refused() {
    let set = |name: &str| Dataset::new(name, vec![1.0, 2.0, 3.0]).unwrap();
    assert!(report(&[], &Options::default()).is_err());
    let eight: Vec<_> = (0..8).map(|i| set(&i.to_string())).collect();
    assert!(report(&eight, &Options::default()).is_err());
    assert!(report(&eight[..7], &Options::default()).is_ok());
    for width in [0, 1, ministat::MAX_WIDTH + 1] {
        let options = Options {
            width,
            ..Options::default()
        };
        assert!(report(&[set("narrow")], &options).is_err());
    }
}

/// The spread of large numbers, which the difference of two sums loses: 22.2374 and 20.5840, as
/// FreeBSD's ministat prints, and Python's `statistics.stdev`.
#[test]
fn large_numbers_keep_their_spread() {
    let dataset = |name: &str, points: [f64; 5]| {
        let points = points.map(|point| 12_345_678_900.0 + point);
        Dataset::new(name, points.to_vec()).unwrap()
    };
    let before = dataset("before", [1.0, 34.0, -24.0, 11.0, 23.0]);
    let after = dataset("after", [5.0, 29.0, -20.0, 15.0, 30.0]);
    let options = Options {
        plot: false,
        ..Options::default()
    };
    let text = report(&[before, after], &options).unwrap();
    let expected = "x before\n+ after
    N           Min           Max        Median           Avg        Stddev
x   5 1.2345679e+10 1.2345679e+10 1.2345679e+10 1.2345679e+10     22.237356
+   5 1.2345679e+10 1.2345679e+10 1.2345679e+10 1.2345679e+10     20.583974
No difference proven at 95.0% confidence
";
    assert_eq!(text, expected);
}

#[test]
fn names_and_heading_can_be_left_out() {
    let options = Options {
        quiet: true,
        plot: false,
        ..Options::default()
    };
    let (_, vitals) = VITALS.split_once('\n').unwrap();
    assert_eq!(block(&options), [vitals, DIFFERENCE].concat());
}
