// SPDX-License-Identifier: GPL-2.0

//! Plot of the report, in SVG: a bar for each candidate, on a logarithmic axis.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::candidates::Kind;
use crate::report::{Report, Row, Table};

const WIDTH: i32 = 720;
const MARGIN: i32 = 20;
/// Height of a bar, with the space around it.
const BAR_HEIGHT: i32 = 24;
const HEAD_HEIGHT: i32 = 66;
const TITLE_HEIGHT: i32 = 34;
const AXIS_HEIGHT: i32 = 30;
/// Width of the names, left of the bars.
const NAME_WIDTH: i32 = 190;
/// Width of the numbers, right of the bars.
const NUMBER_WIDTH: i32 = 70;

const INK: RGBColor = RGBColor(26, 26, 26);
const PALE_INK: RGBColor = RGBColor(85, 85, 85);
const GRID: RGBColor = RGBColor(221, 221, 221);

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Returns one of Okabe and Ito's colours, which the colour-blind can distinguish.
fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Reference => RGBColor(140, 140, 140),
        Kind::Project => RGBColor(213, 94, 0),
        Kind::Reclamation => RGBColor(0, 114, 178),
        Kind::Lock => RGBColor(86, 180, 233),
    }
}

fn style(pixels: i32, colour: RGBColor, horizontal: HPos) -> TextStyle<'static> {
    /// Factor by which the SVG backend divides every size.
    const BACKEND_SCALE: f64 = 1.24;
    let family = FontFamily::Name("Helvetica, Arial, sans-serif");
    FontDesc::new(family, f64::from(pixels) * BACKEND_SCALE, FontStyle::Normal)
        .color(&colour)
        .pos(Pos::new(horizontal, VPos::Center))
}

fn text(canvas: &Canvas, text: &str, at: (i32, i32), style: TextStyle) -> Result<()> {
    // XML cannot contain control characters.
    let text = text.replace(char::is_control, " ");
    canvas.draw(&Text::new(text, at, style))?;
    Ok(())
}

/// Plots the report.
pub fn svg(report: &Report) -> Result<String> {
    let tables = &report.tables;
    let heights = tables
        .iter()
        .map(|table| TITLE_HEIGHT + table.rows.len() as i32 * BAR_HEIGHT);
    let height = 2 * MARGIN + HEAD_HEIGHT + AXIS_HEIGHT + heights.sum::<i32>();
    let axis = Axis::of(tables);

    let mut svg = String::new();
    {
        let size = (WIDTH as u32, height as u32);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        canvas.fill(&WHITE)?;
        head(&canvas, report)?;
        let bottom = height - MARGIN - AXIS_HEIGHT;
        axis.draw(&canvas, MARGIN + HEAD_HEIGHT, bottom)?;
        let mut top = MARGIN + HEAD_HEIGHT;
        for table in tables {
            let left = style(15, INK, HPos::Left);
            text(&canvas, &table.title(), (MARGIN, top + 18), left)?;
            top += TITLE_HEIGHT;
            for row in &table.rows {
                bar(&canvas, &axis, row, top)?;
                top += BAR_HEIGHT;
            }
        }
        canvas.present()?;
    }
    Ok(svg)
}

fn head(canvas: &Canvas, report: &Report) -> Result<()> {
    let machine = &report.machine;
    let lines = [
        (
            "Nanoseconds for one enter and exit, of an empty section".to_owned(),
            style(19, INK, HPos::Left),
        ),
        (
            format!(
                "{}, {} CPUs; Linux {}; {}",
                machine.cpu_model, machine.online_cpus, machine.kernel, machine.machine
            ),
            style(13, PALE_INK, HPos::Left),
        ),
        (
            format!(
                "Bar: median of {} processes, each of {} rounds; line: from the least of their \
                 medians to the greatest. Logarithmic axis.",
                report.method.processes, report.method.rounds
            ),
            style(13, PALE_INK, HPos::Left),
        ),
    ];
    for (index, (line, style)) in lines.into_iter().enumerate() {
        text(
            canvas,
            &line,
            (MARGIN, MARGIN + 8 + index as i32 * 21),
            style,
        )?;
    }
    Ok(())
}

fn bar(canvas: &Canvas, axis: &Axis, row: &Row, top: i32) -> Result<()> {
    let middle = top + BAR_HEIGHT / 2;
    let right = style(14, INK, HPos::Right);
    text(canvas, row.name, (axis.left - 8, middle), right)?;

    let colour = colour(row.kind);
    let half = BAR_HEIGHT / 2 - 4;
    let corners = [
        (axis.left, middle - half),
        (axis.x(row.ns.median), middle + half),
    ];
    canvas.draw(&Rectangle::new(corners, colour.mix(0.75).filled()))?;

    let (low, high) = (axis.x(row.ns.least), axis.x(row.ns.greatest));
    let cap = |x| vec![(x, middle - 4), (x, middle + 4)];
    for line in [vec![(low, middle), (high, middle)], cap(low), cap(high)] {
        canvas.draw(&PathElement::new(line, INK.stroke_width(1)))?;
    }

    let number = format!("{:.2}", row.ns.median);
    let after = (high.max(axis.x(row.ns.median)) + 6, middle);
    text(canvas, &number, after, style(13, INK, HPos::Left))
}

/// Axis of powers of ten, from the one below the least figure to the one above the greatest.
struct Axis {
    left: i32,
    right: i32,
    lowest: i32,
    highest: i32,
}

impl Axis {
    fn of(tables: &[Table]) -> Self {
        let rows = || tables.iter().flat_map(|table| &table.rows);
        let least = rows().map(|row| row.ns.least);
        let greatest = rows().map(|row| row.ns.greatest);
        let least = least.fold(1.0, f64::min).max(1e-3);
        let greatest = greatest.fold(1.0, f64::max).min(1e9);
        let lowest = least.log10().floor() as i32;
        Self {
            left: MARGIN + NAME_WIDTH,
            right: WIDTH - MARGIN - NUMBER_WIDTH,
            lowest,
            highest: (greatest.log10().ceil() as i32).max(lowest + 1),
        }
    }

    /// Returns the position of `ns`, in pixels.
    fn x(&self, ns: f64) -> i32 {
        let (lowest, highest) = (f64::from(self.lowest), f64::from(self.highest));
        let part = (ns.log10().clamp(lowest, highest) - lowest) / (highest - lowest);
        self.left + (f64::from(self.right - self.left) * part).round() as i32
    }

    fn draw(&self, canvas: &Canvas, top: i32, bottom: i32) -> Result<()> {
        for power in self.lowest..=self.highest {
            let ns = 10_f64.powi(power);
            let x = self.x(ns);
            canvas.draw(&PathElement::new([(x, top), (x, bottom)], GRID))?;
            let centre = style(13, PALE_INK, HPos::Center);
            text(canvas, &format!("{ns}"), (x, bottom + 14), centre)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::made_up;

    #[test]
    fn every_candidate_is_a_bar_in_each_table() {
        let report = made_up();
        let svg = svg(&report).unwrap();
        let rows: usize = report.tables.iter().map(|table| table.rows.len()).sum();
        // The background is a rectangle as well.
        assert_eq!(svg.matches("<rect").count(), rows + 1);
        for part in ["1 thread", "2 threads", "crossbeam-epoch", "A &lt;CPU&gt;"] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn each_power_of_ten_is_as_wide() {
        let axis = Axis::of(&made_up().tables);
        assert_eq!((axis.lowest, axis.highest), (0, 2));
        let width = |ns: f64| axis.x(ns * 10.0) - axis.x(ns);
        assert!((width(1.0) - width(10.0)).abs() <= 1);
        assert_eq!((axis.x(0.0), axis.x(1e9)), (axis.left, axis.right));
    }
}
