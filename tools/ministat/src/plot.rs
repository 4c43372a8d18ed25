// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plot: points stacked over a common scale, bars for their spread.

use crate::{Dataset, Edition, Error, SYMBOLS};

/// Narrowest plot: with fewer columns the scale has no length.
pub const MIN_WIDTH: usize = 2;

/// Widest plot.
pub const MAX_WIDTH: usize = 1_000_000;

/// Initial bounds of the search for the data's own. Beyond them ministat's scale is wrong, and so
/// is this one.
const EXTREME: f64 = 999e99;

/// Axis shared by all data sets.
struct Scale {
    origin: f64,
    step: f64,
}

impl Scale {
    /// Spans all points and all averages plus and minus the standard deviation. Returns `None` if
    /// all of them coincide.
    fn new(datasets: &[Dataset], width: usize, edition: Edition) -> Option<Self> {
        let (mut min, mut max) = (EXTREME, -EXTREME);
        for dataset in datasets {
            let (mean, stddev) = (dataset.mean(), dataset.stddev(edition));
            for value in [dataset.min(), dataset.max(), mean - stddev, mean + stddev] {
                if value < min {
                    min = value;
                }
                if value > max {
                    max = value;
                }
            }
        }
        let span = max - min;
        let step = span / (width as f64 - 1.0);
        (span != 0.0).then_some(Self {
            origin: min - 0.5 * step,
            step,
        })
    }

    fn column(&self, value: f64) -> usize {
        ((value - self.origin) / self.step) as usize
    }
}

struct Plot {
    width: usize,
    /// Rows from the bottom up; each cell is the bitwise or of the numbers of the data sets with a
    /// point there.
    rows: Vec<Vec<u8>>,
    bars: Vec<Vec<char>>,
}

impl Plot {
    /// Stacks the points of data set `number`.
    ///
    /// The plot becomes as high as this data set needs, even if an earlier one was higher:
    /// ministat cuts off the points of that one.
    fn stack(&mut self, dataset: &Dataset, number: u8, scale: &Scale) {
        let mut columns: Vec<(usize, usize)> = Vec::new();
        for &point in dataset.points() {
            let column = scale.column(point);
            match columns.last_mut() {
                Some((last, height)) if *last == column => *height += 1,
                _ => columns.push((column, 1)),
            }
        }
        let height = columns.iter().map(|&(_, height)| height).max();
        self.rows.resize(height.unwrap_or(0), vec![0; self.width]);
        for (column, height) in columns {
            for row in &mut self.rows[..height] {
                if let Some(place) = row.get_mut(column) {
                    *place |= number;
                }
            }
        }
    }

    fn draw_bar(&mut self, bar: usize, dataset: &Dataset, scale: &Scale, edition: Edition) {
        let bar = &mut self.bars[bar];
        let mut put = |column: usize, symbol| {
            if let Some(place) = bar.get_mut(column) {
                *place = symbol;
            }
        };
        let (mean, stddev) = (dataset.mean(), dataset.stddev(edition));
        let (left, right) = (scale.column(mean - stddev), scale.column(mean + stddev));
        if !stddev.is_nan() {
            put(right, '|');
            put(left, '|');
        }
        put(scale.column(dataset.median(edition)), 'M');
        put(scale.column(mean), 'A');
        if !stddev.is_nan() {
            for place in bar.iter_mut().take(right).skip(left + 1) {
                if *place == ' ' {
                    *place = '_';
                }
            }
        }
    }

    fn render(&self, out: &mut String) {
        let frame = format!("+{}+\n", "-".repeat(self.width));
        out.push_str(&frame);
        for row in self.rows.iter().rev() {
            let symbols = row.iter().map(|&place| SYMBOLS[usize::from(place)]);
            push_framed(out, symbols);
        }
        for bar in &self.bars {
            push_framed(out, bar.iter().copied());
        }
        out.push_str(&frame);
    }
}

fn push_framed(out: &mut String, line: impl Iterator<Item = char>) {
    out.push('|');
    out.extend(line);
    out.push_str("|\n");
}

/// Appends the plot of these data sets, at most [`crate::MAX_DATASETS`].
pub(crate) fn draw(
    out: &mut String,
    datasets: &[Dataset],
    width: usize,
    separate_bars: bool,
    edition: Edition,
) -> Result<(), Error> {
    if !(MIN_WIDTH..=MAX_WIDTH).contains(&width) {
        return Err(Error::Width(width));
    }
    let Some(scale) = Scale::new(datasets, width, edition) else {
        out.push_str("[no plot, span is zero width]\n");
        return Ok(());
    };
    let bars = if separate_bars { datasets.len() } else { 1 };
    let mut plot = Plot {
        width,
        rows: Vec::new(),
        bars: vec![vec![' '; width]; bars],
    };
    for (index, (number, dataset)) in (1..).zip(datasets).enumerate() {
        plot.stack(dataset, number, &scale);
        let bar = if separate_bars { index } else { 0 };
        plot.draw_bar(bar, dataset, &scale, edition);
    }
    plot.render(out);
    Ok(())
}
