// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plot of a comparison.

use anyhow::Result;
use epoch_results::record::{CompareReport, Sample, Statistics, TrackerReport, Workload};
use ministat::Confidence;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes;
use super::frame::{Canvas, Frame};
use super::number::si;
use super::style::{AXIS_WIDTH, COLOURS, Font, INK, MARGIN, NAME, NUMBER, PLOT_HEIGHT, TEXT_WIDTH};
use super::words::{plain, sample_length, title};

/// Text under the axis: a row for the names, one for the means.
struct Labels {
    rows: [Vec<Vec<String>>; 2],
}

impl Labels {
    const FONTS: [Font; 2] = [NAME, NUMBER];

    /// Wraps each label to the width of its column.
    fn new(columns: &[Column]) -> Self {
        let width = column_width(columns.len()) - 2;
        let wrap = |text: &str, font: Font| -> Vec<String> {
            let lines = textwrap::wrap(text, font.columns(width));
            lines.into_iter().map(String::from).collect()
        };
        let names = columns.iter().map(|column| wrap(&column.name, NAME));
        let means = columns.iter().map(|column| wrap(&column.label(), NUMBER));
        Self {
            rows: [names.collect(), means.collect()],
        }
    }

    fn row_heights(&self) -> [i32; 2] {
        std::array::from_fn(|row| {
            let lines = self.rows[row].iter().map(Vec::len).max().unwrap_or(0);
            lines as i32 * Self::FONTS[row].line_height()
        })
    }

    fn height(&self) -> i32 {
        self.row_heights().iter().sum()
    }

    fn draw(&self, canvas: &Canvas<'_>, mut top: i32) -> Result<()> {
        let heights = self.row_heights();
        for ((row, font), height) in self.rows.iter().zip(Self::FONTS).zip(heights) {
            for (index, lines) in row.iter().enumerate() {
                let width = column_width(row.len());
                let x = MARGIN + AXIS_WIDTH + width * index as i32 + width / 2;
                let mut y = top;
                for line in lines {
                    let style = font.style(HPos::Center, VPos::Top);
                    canvas.draw(&Text::new(line.as_str(), (x, y), style))?;
                    y += font.line_height();
                }
            }
            top += height;
        }
        Ok(())
    }
}

fn column_width(columns: usize) -> i32 {
    (TEXT_WIDTH - AXIS_WIDTH) / columns as i32
}

/// Column of one tracker.
struct Column<'a> {
    name: String,
    samples: &'a [Sample],
    mean: f64,
    /// Half the width of the mean's confidence interval.
    mean_error: f64,
}

impl<'a> Column<'a> {
    fn new(report: &'a TrackerReport, confidence: Confidence) -> Self {
        let statistics = Statistics::of(&report.samples);
        Self {
            name: plain(&report.tracker),
            samples: &report.samples,
            mean: statistics.mean,
            mean_error: statistics.mean_error(confidence),
        }
    }

    fn top(&self) -> f64 {
        let totals = self.samples.iter().map(|sample| sample.total as f64);
        totals.fold(self.mean + self.mean_error, f64::max)
    }

    fn label(&self) -> String {
        let percent = 100.0 * self.mean_error / self.mean.max(1.0);
        let decimals = if percent < 1.0 {
            2
        } else {
            usize::from(percent < 10.0)
        };
        format!("{} \u{b1}{percent:.decimals$}%", si(self.mean))
    }
}

/// Plots a comparison as SVG.
pub fn comparison(report: &CompareReport) -> Result<String> {
    let confidence = report.confidence()?;
    let columns: Vec<_> = report
        .trackers
        .iter()
        .map(|tracker| Column::new(tracker, confidence))
        .collect();
    let labels = Labels::new(&columns);
    let workload = &report.workload;
    let verdict = crate::show::comparison::verdicts(report)?;
    let frame = Frame {
        title: title(workload, workload.tasks..=workload.tasks),
        description: verdict.join(". "),
        verdict,
        environment: &report.environment,
        legend: vec![legend(workload, confidence)],
    };
    let labels_top = PLOT_HEIGHT + 10;
    frame.draw(labels_top + labels.height() + 12, |canvas, top| {
        plot(canvas, top, &columns)?;
        labels.draw(canvas, top + labels_top)
    })
}

fn plot(canvas: &Canvas<'_>, top: i32, columns: &[Column]) -> Result<()> {
    let area = canvas
        .clone()
        .shrink((MARGIN, top), (TEXT_WIDTH, PLOT_HEIGHT));
    let highest = columns.iter().map(Column::top).fold(1.0, f64::max);
    let mut chart = axes::draw(&area, columns.len() as f64, highest * 1.04)?;

    let column_width = column_width(columns.len());
    // Pixels in units of columns, as the axis has them.
    let in_columns = |pixels: f64| pixels / f64::from(column_width);
    let half_bar = in_columns(70.0).min(0.4);
    for (index, column) in columns.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let middle = index as f64 + 0.5;
        let bar = [(middle - half_bar, column.mean), (middle + half_bar, 0.0)];
        chart.draw_series([Rectangle::new(bar, colour.mix(0.22).filled())])?;

        let count = column.samples.len() as f64;
        let radius = match column.samples.len() {
            0..=30 => 5,
            31..=200 => 3,
            _ => 2,
        };
        chart.draw_series(column.samples.iter().enumerate().map(|(order, sample)| {
            let across = (order as f64 + 0.5) / count * 2.0 - 1.0;
            let x = middle + across * half_bar * 0.85;
            Circle::new((x, sample.total as f64), radius, colour.mix(0.75).filled())
        }))?;

        let half_cap = half_bar * 0.2;
        let mean_line = [
            (middle - half_bar, column.mean),
            (middle + half_bar, column.mean),
        ];
        let (low, high) = (
            (column.mean - column.mean_error).max(0.0),
            column.mean + column.mean_error,
        );
        let cap = |y| vec![(middle - half_cap, y), (middle + half_cap, y)];
        chart.draw_series([
            PathElement::new(mean_line, INK.stroke_width(1)),
            PathElement::new([(middle, low), (middle, high)], INK.stroke_width(2)),
            PathElement::new(cap(low), INK.stroke_width(2)),
            PathElement::new(cap(high), INK.stroke_width(2)),
        ])?;
    }
    let base = [(0.0, 0.0), (columns.len() as f64, 0.0)];
    chart.draw_series([PathElement::new(base, INK)])?;
    Ok(())
}

fn legend(workload: &Workload, confidence: Confidence) -> String {
    let length = sample_length(workload);
    format!(
        "Dots: samples of {length}, in their order from left to right. Bar: their mean and its \
         {confidence} confidence interval."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::comparison::CAVEAT;
    use crate::show::svg::frame::tests::text;
    use epoch_results::examples::{compared, published};

    #[test]
    fn every_sample_is_a_dot() {
        let report = published();
        let svg = comparison(&report).unwrap();
        assert_eq!(svg.matches("<circle").count(), 10);
        for colour in ["#0072B2", "#D55E00"] {
            let dot = |line: &&str| line.starts_with("<circle") && line.contains(colour);
            assert_eq!(svg.lines().filter(dot).count(), 5);
        }
    }

    #[test]
    fn the_picture_says_what_was_measured_and_what_is_proven() {
        let svg = comparison(&published()).unwrap();
        let text = text(&svg);
        for part in [
            "Anonymous memory mmap/munmap of 128MB, 96 processes",
            "epoch is 3.52x mutex (+252.0%, +251.0% to +253.1%), difference proven at 95% \
             confidence (paired t, N=5 each)",
            "Linux 7.3; 96 CPUs, A CPU; bare metal; 2026-11-22",
            "mutex epoch 1.01 M \u{b1}0.36% 3.55 M \u{b1}0.07%",
            "samples of 1 s",
            CAVEAT,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let head = "\
            xmlns=\"http://www.w3.org/2000/svg\" role=\"img\">\n\
            <title>Anonymous memory mmap/munmap of 128MB, 96 processes</title>\n\
            <desc>epoch is 3.52x mutex";
        assert!(svg.contains(head), "{svg}");
        assert!(svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn the_same_comparison_is_the_same_picture() {
        assert_eq!(
            comparison(&published()).unwrap(),
            comparison(&published()).unwrap()
        );
    }

    #[test]
    fn the_axis_begins_at_nothing() {
        let svg = comparison(&published()).unwrap();
        let text = text(&svg);
        assert!(text.contains(" 0 1 M 2 M 3 M "), "{text}");
    }

    #[test]
    fn names_cannot_break_the_markup() {
        let report = compared("<b>&\u{1}\"", &[1, 2, 3], &[2, 3, 4]);
        let svg = comparison(&report).unwrap();
        assert!(!svg.contains("<b") && !svg.contains('\u{1}'), "{svg}");
        assert!(text(&svg).contains("&lt;b&gt;&amp;"), "{svg}");
        assert!(svg.contains("<desc>&lt;b>&amp; \" is 1.50x mutex"), "{svg}");
    }

    #[test]
    fn very_little_and_very_much_can_be_drawn() {
        for totals in [[0, 0, 1], [u64::MAX, 0, 1]] {
            let svg = comparison(&compared("epoch", &totals, &totals)).unwrap();
            assert_eq!(svg.matches("<circle").count(), 6);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
