// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plot of a sweep: a curve for each tracker.

use std::ops::Range;

use anyhow::{Result, bail};
use epoch_results::judge::{self, Curve, Law};
use epoch_results::record::{MAX_TRACKERS, SweepReport, TrackerReport, Workload};
use ministat::Confidence;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes;
use super::frame::{Canvas, Frame};
use super::number::si;
use super::scale::Scale;
use super::style::{
    AXIS_WIDTH, COLOURS, GRID, INK, MARGIN, NAME, NOTE, NUMBER, PALE_INK, TEXT_WIDTH,
};
use super::words::{plain, sample_length, title};

/// Height of the part with the curves.
const PLOT_HEIGHT: i32 = 400;
/// Width of the names, right of the curves' ends.
const NAMES_WIDTH: i32 = 158;
const PLOT_WIDTH: i32 = TEXT_WIDTH - AXIS_WIDTH - NAMES_WIDTH;
/// Most pixels between the bars of two trackers with the same tasks: their caps do not touch.
const ASIDE: f64 = 8.0;
/// Radius of the ring around a peak.
const RING: i32 = 8;
const _: () = assert!((MAX_TRACKERS - 1) as f64 / 2.0 * ASIDE + RING as f64 <= Scale::PADDING);

/// Most curves beside which their models are legible, too.
const MOST_MODELS: usize = 4;
/// Points of each law's curve.
const STEPS: usize = 100;
const MODEL: &str = "Thin dashes: a model and no measurement, the Universal Scalability Law fitted \
                     to the samples.";

/// Plots a sweep as SVG.
pub fn curves(report: &SweepReport) -> Result<String> {
    let confidence = report.confidence()?;
    let curves = report.curves();
    let tasks: Vec<_> = report
        .points
        .iter()
        .map(|point| point.workload.tasks)
        .collect();
    let (Some(point), Some(&least), Some(&most)) =
        (report.points.first(), tasks.first(), tasks.last())
    else {
        bail!("no number of tasks was measured: there is nothing to draw");
    };
    let is_modelled = curves.len() <= MOST_MODELS;
    let laws: Vec<_> = curves
        .iter()
        .map(|curve| judge::fit(&curve.means()).filter(|_| is_modelled))
        .collect();
    let mut legend = vec![legend(&point.workload, confidence)];
    if laws.iter().any(Option::is_some) {
        legend.push(MODEL.into());
    }
    let frame = Frame {
        title: title(&point.workload, least..=most),
        verdict: Vec::new(),
        description: crate::show::sweep::peaks(report)?.join(". "),
        environment: &report.environment,
        legend,
    };
    let plot = Plot {
        scale: Scale::new(tasks, PLOT_WIDTH),
        curves: &curves,
        laws,
        confidence,
    };
    let below = NUMBER.line_height() * 2 + 20;
    frame.draw(PLOT_HEIGHT + below, |canvas, top| plot.draw(canvas, top))
}

fn legend(workload: &Workload, confidence: Confidence) -> String {
    format!(
        "Lines: means, with bars for their {confidence} confidence intervals. Pale dots: samples \
         of {}. Rings: the highest mean of each tracker.",
        sample_length(workload)
    )
}

struct Plot<'a> {
    scale: Scale,
    curves: &'a [Curve<'a>],
    /// Model of each curve, where it could be fitted.
    laws: Vec<Option<Law>>,
    confidence: Confidence,
}

impl Plot<'_> {
    fn draw(&self, canvas: &Canvas<'_>, top: i32) -> Result<()> {
        let area = canvas
            .clone()
            .shrink((MARGIN, top), (AXIS_WIDTH + PLOT_WIDTH, PLOT_HEIGHT));
        let highest = self.highest() * 1.04;
        let mut chart = axes::draw(&area, f64::from(PLOT_WIDTH), highest)?;
        chart.draw_series(self.scale.tasks().iter().map(|&tasks| {
            let x = self.scale.x(tasks as f64);
            PathElement::new([(x, 0.0), (x, highest)], GRID)
        }))?;
        let base = [(0.0, 0.0), (f64::from(PLOT_WIDTH), 0.0)];
        chart.draw_series([PathElement::new(base, INK)])?;

        let mut names = Vec::new();
        for (index, curve) in self.curves.iter().enumerate() {
            let colour = colour(index);
            let points: Vec<_> = curve
                .points
                .iter()
                .map(|(tasks, report)| (self.x(index, *tasks), *report))
                .collect();
            for (x, report) in &points {
                chart.draw_series(report.samples.iter().map(|sample| {
                    Circle::new((*x, sample.total as f64), 3, colour.mix(0.3).filled())
                }))?;
            }
            if let Some(law) = self.laws[index] {
                let steps = self.scale.steps(STEPS);
                let aside = self.aside(index);
                let model = steps.map(|(x, tasks)| (x + aside, law.at(tasks)));
                let style = colour.mix(0.8).stroke_width(1);
                chart.draw_series(DashedLineSeries::new(model, 5, 4, style))?;
            }
            let means = points.iter().map(|(x, report)| (*x, mean(report)));
            chart.draw_series([PathElement::new(
                means.clone().collect::<Vec<_>>(),
                colour.stroke_width(2),
            )])?;
            for (x, report) in &points {
                let error = report.statistics.mean_error(self.confidence);
                let (low, high) = ((mean(report) - error).max(0.0), mean(report) + error);
                let half = self.step() * 0.4;
                let cap = |y| vec![(x - half, y), (x + half, y)];
                let bar = [vec![(*x, low), (*x, high)], cap(low), cap(high)];
                chart
                    .draw_series(bar.map(|line| PathElement::new(line, colour.stroke_width(2))))?;
            }
            chart.draw_series(means.map(|mean| Circle::new(mean, 4, colour.filled())))?;
            if let (Some((at, best)), Some((x, last))) = (curve.peak(), points.last()) {
                let ring = (self.x(index, at), mean(best));
                chart.draw_series([Circle::new(ring, RING, colour.stroke_width(2))])?;
                names.push(Name {
                    end: chart.backend_coord(&(*x, mean(last))),
                    name: plain(curve.tracker),
                    peak: format!("peak {} at {at}", si(mean(best))),
                    colour,
                });
            }
        }
        self.numbers(canvas, top + PLOT_HEIGHT + 6)?;
        draw_names(canvas, names, top..top + PLOT_HEIGHT)
    }

    /// Returns the highest value on the axis.
    fn highest(&self) -> f64 {
        let reports = self.curves.iter().flat_map(|curve| &curve.points);
        let tops = reports.flat_map(|(_, report)| {
            let totals = report.samples.iter().map(|sample| sample.total as f64);
            totals.chain([mean(report) + report.statistics.mean_error(self.confidence)])
        });
        let laws = self.laws.iter().flatten();
        let laws = laws.flat_map(|law| self.scale.steps(STEPS).map(|(_, tasks)| law.at(tasks)));
        tops.chain(laws).fold(1.0, f64::max)
    }

    fn x(&self, index: usize, tasks: usize) -> f64 {
        self.scale.x(tasks as f64) + self.aside(index)
    }

    /// Returns the horizontal offset of a tracker, so that none hides another.
    fn aside(&self, index: usize) -> f64 {
        let last = self.curves.len().saturating_sub(1);
        (index as f64 - last as f64 / 2.0) * self.step()
    }

    /// Returns the horizontal distance of two trackers.
    fn step(&self) -> f64 {
        ASIDE.min(self.scale.gap() / (self.curves.len() + 1) as f64)
    }

    fn numbers(&self, canvas: &Canvas<'_>, top: i32) -> Result<()> {
        let left = MARGIN + AXIS_WIDTH;
        for tasks in self.scale.labelled() {
            let x = left + self.scale.x(tasks as f64).round() as i32;
            let style = NUMBER.style(HPos::Center, VPos::Top);
            canvas.draw(&Text::new(tasks.to_string(), (x, top), style))?;
        }
        let style = NUMBER.style(HPos::Center, VPos::Top);
        let below = (left + PLOT_WIDTH / 2, top + NUMBER.line_height());
        canvas.draw(&Text::new(self.scale.caption(), below, style))?;
        Ok(())
    }
}

fn mean(report: &TrackerReport) -> f64 {
    report.statistics.mean
}

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Label at the end of a curve.
struct Name {
    /// Position of the curve's end.
    end: (i32, i32),
    name: String,
    peak: String,
    colour: RGBColor,
}

impl Name {
    fn height() -> i32 {
        NAME.line_height() + NOTE.line_height() + 2
    }
}

/// Draws each name as near to its curve's end as the others allow.
fn draw_names(canvas: &Canvas<'_>, mut names: Vec<Name>, room: Range<i32>) -> Result<()> {
    names.sort_by_key(|name| name.end.1);
    let wanted: Vec<_> = names.iter().map(|name| name.end.1).collect();
    let left = MARGIN + AXIS_WIDTH + PLOT_WIDTH;
    for (name, middle) in names.into_iter().zip(apart(&wanted, Name::height(), room)) {
        let top = middle - Name::height() / 2;
        let knee = (left + 4, middle);
        let leader = [name.end, knee, (left + 12, middle)];
        canvas.draw(&PathElement::new(leader, name.colour.mix(0.7)))?;
        let swatch = [(left + 12, top + 3), (left + 17, top + Name::height() - 5)];
        canvas.draw(&Rectangle::new(swatch, name.colour.filled()))?;
        let text = left + 23;
        let style = NAME.style(HPos::Left, VPos::Top);
        canvas.draw(&Text::new(name.name, (text, top), style))?;
        let style = NOTE.style(HPos::Left, VPos::Top).color(&PALE_INK);
        canvas.draw(&Text::new(
            name.peak,
            (text, top + NAME.line_height()),
            style,
        ))?;
    }
    Ok(())
}

/// Returns middles of items of this height that do not overlap, in the order of the wanted
/// middles. Items that would overlap are moved apart evenly, half of them up and half down.
fn apart(wanted: &[i32], height: i32, room: Range<i32>) -> Vec<i32> {
    // For each group, the number of items in it, and the sum of the positions that the first one
    // would need for each item to be where it is wanted.
    let mut groups: Vec<(i32, i32)> = Vec::new();
    let first = |(count, sum): (i32, i32)| {
        let most = room.end - count * height + height / 2;
        (sum / count).min(most).max(room.start + height / 2)
    };
    for &wanted in wanted {
        let mut group = (1, wanted);
        while let Some(&above) = groups.last() {
            let (count, sum) = above;
            if first(above) + count * height <= first(group) {
                break;
            }
            groups.pop();
            group = (count + group.0, sum + group.1 - group.0 * count * height);
        }
        groups.push(group);
    }
    let middles = groups.into_iter().flat_map(|group| {
        let first = first(group);
        (0..group.0).map(move |index| first + index * height)
    });
    middles.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::comparison::CAVEAT;
    use crate::show::svg::frame::tests::text;
    use epoch_results::examples::{example_sweep as example, sweep as report};

    #[test]
    fn every_sample_is_a_dot_and_every_peak_has_a_ring() {
        let svg = curves(&example()).unwrap();
        let circles = |radius: u32| svg.matches(&format!("r=\"{radius}\"")).count();
        assert_eq!((circles(3), circles(4), circles(8)), (24, 8, 2));
    }

    #[test]
    fn the_picture_says_what_was_measured() {
        let svg = curves(&example()).unwrap();
        let text = text(&svg);
        for part in [
            "Anonymous memory mmap/munmap of 128MB, 1 to 8 processes",
            "Linux 7.3; 96 CPUs, A CPU; bare metal; 2026-11-22",
            "1 2 4 8 Tasks (logarithmic)",
            "epoch peak 721 at 8 mutex peak 200 at 2",
            "samples of 1 s",
            MODEL,
            CAVEAT,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(
            svg.contains("<desc>mutex peaks at 2 tasks with 200"),
            "{svg}"
        );
    }

    #[test]
    fn models_are_left_out_where_they_would_hide_the_curves() {
        let mut many = example();
        for point in &mut many.points {
            let known = serde_json::to_value(&point.trackers).unwrap();
            for number in 0..3 {
                let mut again: Vec<TrackerReport> = serde_json::from_value(known.clone()).unwrap();
                for report in &mut again {
                    report.tracker += &number.to_string();
                }
                point.trackers.append(&mut again);
            }
        }
        let svg = curves(&many).unwrap();
        assert!(!text(&svg).contains(MODEL));
        assert_eq!(svg.matches("r=\"8\"").count(), 8);
    }

    #[test]
    fn the_same_sweep_is_the_same_picture() {
        assert_eq!(curves(&example()).unwrap(), curves(&example()).unwrap());
    }

    #[test]
    fn very_few_and_very_little_can_be_drawn() {
        for points in [
            &[(1, [0, 0, 1], [0, 0, 1])][..],
            &[(3, [5; 3], [u64::MAX; 3]), (4, [7; 3], [8; 3])],
        ] {
            let svg = curves(&report(points)).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert!(curves(&report(&[])).is_err());
    }

    #[test]
    fn names_do_not_overlap() {
        assert_eq!(apart(&[10, 50, 90], 20, 0..100), [10, 50, 90]);
        assert_eq!(apart(&[50, 50, 50], 20, 0..100), [30, 50, 70]);
        assert_eq!(apart(&[20, 30, 80], 20, 0..100), [15, 35, 80]);
        assert_eq!(apart(&[90, 95, 99], 20, 0..100), [50, 70, 90]);
        assert_eq!(apart(&[0, 0], 20, 0..100), [10, 30]);
    }
}
