// SPDX-License-Identifier: MIT OR Apache-2.0

//! Axes of a plot of loops a second.

use anyhow::Result;
use plotters::chart::ChartContext;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::frame::Canvas;
use super::number::si_round;
use super::style::{AXIS_WIDTH, GRID, NUMBER};

/// A plot with its axes.
pub type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the lines and numbers of the rates, up to `highest`; the other axis, from 0 to `width`,
/// stays empty.
pub fn draw<'a, 'b>(area: &'a Canvas<'b>, width: f64, highest: f64) -> Result<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .set_label_area_size(LabelAreaPosition::Left, AXIS_WIDTH)
        .build_cartesian_2d(0.0..width, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(TRANSPARENT)
        .y_labels(7)
        .y_label_formatter(&|value| si_round(*value))
        .y_label_style(NUMBER.style(HPos::Right, VPos::Center))
        .draw()?;
    Ok(chart)
}
