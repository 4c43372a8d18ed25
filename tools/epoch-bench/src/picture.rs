//! The picture of a comparison, as SVG.
//!
//! Nothing but the report goes into it, so that a saved one gives the same
//! picture, byte for byte.

use std::io::Write;

use anyhow::Result;
use ministat::Confidence;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::compare::CAVEAT;
use crate::json::{CompareReport, TrackerReport, Workload};
use crate::pool::Carrier;
use crate::sample::Sample;
use crate::stats::Statistics;

/// Narrow, so that the text is still legible when the picture is shrunk.
const WIDTH: u32 = 720;
const MARGIN: i32 = 24;
const TEXT_WIDTH: i32 = WIDTH as i32 - 2 * MARGIN;
/// The part with the dots.
const PLOT_HEIGHT: i32 = 360;
/// Room for the numbers at the axis.
const AXIS_WIDTH: i32 = 62;

/// Okabe and Ito's colours, which the colour-blind can tell apart, without
/// the yellow, which is pale on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];
const INK: RGBColor = RGBColor(26, 26, 26);
const PALE_INK: RGBColor = RGBColor(85, 85, 85);
const GRID: RGBColor = RGBColor(221, 221, 221);

/// Text of one size.
#[derive(Clone, Copy)]
struct Font {
    pixels: i32,
    bold: bool,
    colour: RGBColor,
}

const TITLE: Font = Font::new(19, INK).bold();
const VERDICT: Font = Font::new(16, INK);
const NAME: Font = Font::new(15, INK).bold();
const NUMBER: Font = Font::new(15, INK);
const NOTE: Font = Font::new(14, PALE_INK);

impl Font {
    const fn new(pixels: i32, colour: RGBColor) -> Self {
        Self {
            pixels,
            bold: false,
            colour,
        }
    }

    const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    fn style(self, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
        /// The SVG backend divides every size by it.
        const BACKEND_SCALE: f64 = 1.24;
        let slant = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let family = FontFamily::Name("Helvetica, Arial, sans-serif");
        FontDesc::new(family, f64::from(self.pixels) * BACKEND_SCALE, slant)
            .color(&self.colour)
            .pos(Pos::new(horizontal, vertical))
    }

    fn line_height(self) -> i32 {
        self.pixels * 4 / 3
    }

    /// Characters that fit into so many pixels. Which font the reader has is
    /// unknown; this holds for the wide ones.
    fn columns(self, pixels: i32) -> usize {
        let per_character = f64::from(self.pixels) * if self.bold { 0.68 } else { 0.54 };
        (f64::from(pixels) / per_character) as usize
    }
}

/// Lines of text from the top down.
struct Paragraphs {
    lines: Vec<(i32, String, Font)>,
    height: i32,
}

impl Paragraphs {
    fn new() -> Self {
        Self {
            lines: Vec::new(),
            height: 0,
        }
    }

    fn push(&mut self, text: &str, font: Font) {
        let options = textwrap::Options::new(font.columns(TEXT_WIDTH))
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.lines.push((self.height, line.into_owned(), font));
            self.height += font.line_height();
        }
    }

    fn space(&mut self, pixels: i32) {
        self.height += pixels;
    }

    fn draw(self, canvas: &Canvas, top: i32) -> Result<()> {
        for (y, line, font) in self.lines {
            let style = font.style(HPos::Left, VPos::Top);
            canvas.draw(&Text::new(line, (MARGIN, top + y), style))?;
        }
        Ok(())
    }
}

/// What stands under the axis: a row for the names, one for the means.
struct Labels {
    rows: [Vec<Vec<String>>; 2],
}

impl Labels {
    const FONTS: [Font; 2] = [NAME, NUMBER];

    /// Each as wide as its column.
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

    fn draw(&self, canvas: &Canvas, mut top: i32) -> Result<()> {
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

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One tracker's part.
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

/// Draws the comparison.
pub fn write(out: &mut dyn Write, report: &CompareReport) -> Result<()> {
    out.write_all(svg(report)?.as_bytes())?;
    Ok(())
}

/// The picture of the comparison.
pub fn svg(report: &CompareReport) -> Result<String> {
    let confidence = report.confidence()?;
    let columns: Vec<_> = report
        .trackers
        .iter()
        .map(|tracker| Column::new(tracker, confidence))
        .collect();

    let title = plain(&title(&report.workload));
    let verdict: Vec<_> = report.verdict()?.iter().map(|line| plain(line)).collect();
    let mut head = Paragraphs::new();
    head.push(&title, TITLE);
    head.space(6);
    for sentence in &verdict {
        head.push(sentence, VERDICT);
        head.space(5);
    }
    head.space(2);
    head.push(&plain(&place(report)), NOTE);
    head.space(20);
    head.push("Loops a second, all tasks together", NUMBER);
    let mut foot = Paragraphs::new();
    foot.push(&legend(&report.workload, confidence), NOTE);
    foot.space(4);
    foot.push(CAVEAT, NOTE);

    let labels = Labels::new(&columns);

    let plot_top = MARGIN + head.height;
    let labels_top = plot_top + PLOT_HEIGHT + 10;
    let foot_top = labels_top + labels.height() + 12;
    let height = foot_top + foot.height + MARGIN;

    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height as u32)).into_drawing_area();
        canvas.fill(&WHITE)?;
        head.draw(&canvas, MARGIN)?;
        plot(&canvas, plot_top, &columns)?;
        labels.draw(&canvas, labels_top)?;
        foot.draw(&canvas, foot_top)?;
        canvas.present()?;
    }
    Ok(with_description(&svg, &title, &verdict.join(". ")))
}

fn plot(canvas: &Canvas, top: i32, columns: &[Column]) -> Result<()> {
    let area = canvas
        .clone()
        .shrink((MARGIN, top), (TEXT_WIDTH, PLOT_HEIGHT));
    let highest = columns.iter().map(Column::top).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .margin_top(10)
        .set_label_area_size(LabelAreaPosition::Left, AXIS_WIDTH)
        .build_cartesian_2d(0.0..columns.len() as f64, 0.0..highest * 1.04)?;
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

    let column_width = column_width(columns.len());
    // In columns, as the axis has it.
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

fn title(workload: &Workload) -> String {
    let carrier = match (workload.carrier, workload.tasks) {
        (Carrier::Processes, 1) => "process",
        (Carrier::Processes, _) => "processes",
        (Carrier::Threads, 1) => "thread",
        (Carrier::Threads, _) => "threads",
    };
    let testcase = workload.testcase.description(workload.pages);
    let beside = match workload.mix.map_or(0, |mix| mix.waiters) {
        0 => String::new(),
        1 => " and 1 waiter".into(),
        waiters => format!(" and {waiters} waiters"),
    };
    format!("{testcase}, {} {carrier}{beside}", workload.tasks)
}

/// Where it ran.
fn place(report: &CompareReport) -> String {
    let environment = &report.environment;
    let cpus = match environment.online_cpus {
        1 => "1 CPU".to_owned(),
        cpus => format!("{cpus} CPUs"),
    };
    let mut place = format!(
        "Linux {}; {cpus}, {}; {}",
        environment.kernel, environment.cpu_model, environment.machine
    );
    if let Some(date) = &environment.date {
        let day = date.split('T').next().unwrap_or(date);
        place = format!("{place}; {day}");
    }
    place
}

fn legend(workload: &Workload, confidence: Confidence) -> String {
    let length = match workload.interval_ms {
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    };
    format!(
        "Dots: samples of {length}, in their order from left to right. Bar: their mean and its \
         {confidence} confidence interval."
    )
}

/// A number with three digits and its thousands as a letter: `1.20 M`.
fn si(value: f64) -> String {
    let (digits, unit) = scaled(value);
    format!("{digits}{unit}")
}

/// The same without zeros that say nothing, for the axis: `1.2 M`.
fn si_round(value: f64) -> String {
    let (digits, unit) = scaled(value);
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        &digits
    };
    format!("{digits}{unit}")
}

fn scaled(mut value: f64) -> (String, &'static str) {
    const UNITS: [&str; 7] = ["", " k", " M", " G", " T", " P", " E"];
    let mut unit = 0;
    // What would be rounded to 1000 belongs to the next one.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    (format!("{value:.decimals$}"), UNITS[unit])
}

/// Without the control characters that XML has no way to write.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Says what it is to those who do not see it; plotters has no way to.
fn with_description(svg: &str, title: &str, description: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (title, description) = (escape(title), escape(description));
    let described = format!(" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>\n");
    svg.replacen(">\n", &described, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tests::{compared, published};
    use crate::orders::Mix;

    /// The texts of the picture, lines that were wrapped put together.
    fn text(svg: &str) -> String {
        let texts = svg.split("<text").skip(1).map(|element| {
            let (_, element) = element.split_once('>').unwrap();
            element.split_once("</text>").unwrap().0.trim()
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_sample_is_a_dot() {
        let report = published();
        let svg = svg(&report).unwrap();
        assert_eq!(svg.matches("<circle").count(), 10);
        for colour in ["#0072B2", "#D55E00"] {
            let dot = |line: &&str| line.starts_with("<circle") && line.contains(colour);
            assert_eq!(svg.lines().filter(dot).count(), 5);
        }
    }

    #[test]
    fn the_picture_says_what_was_measured_and_what_is_proven() {
        let svg = svg(&published()).unwrap();
        let text = text(&svg);
        for part in [
            "Anonymous memory mmap/munmap of 128MB, 96 processes",
            "epoch is 3.52x mutex (+252.0% +/- 1.1%), difference proven at 95% confidence \
             (Student&apos;s t, N=5 each)",
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
        assert_eq!(svg(&published()).unwrap(), svg(&published()).unwrap());
    }

    #[test]
    fn the_axis_begins_at_nothing() {
        let svg = svg(&published()).unwrap();
        let text = text(&svg);
        assert!(text.contains(" 0 1 M 2 M 3 M "), "{text}");
    }

    #[test]
    fn names_cannot_break_the_markup() {
        let report = compared("<b>&\u{1}\"", &[1, 2, 3], &[2, 3, 4]);
        let svg = svg(&report).unwrap();
        assert!(!svg.contains("<b") && !svg.contains('\u{1}'), "{svg}");
        assert!(text(&svg).contains("&lt;b&gt;&amp;"), "{svg}");
        assert!(svg.contains("<desc>&lt;b>&amp; \" is 1.50x mutex"), "{svg}");
    }

    #[test]
    fn very_little_and_very_much_can_be_drawn() {
        for totals in [[0, 0, 1], [u64::MAX, 0, 1]] {
            let svg = svg(&compared("epoch", &totals, &totals)).unwrap();
            assert_eq!(svg.matches("<circle").count(), 6);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, exact, round) in [
            (0.0, "0.00", "0"),
            (996.0, "996", "996"),
            (999.5, "1.00 k", "1 k"),
            (1200.0, "1.20 k", "1.2 k"),
            (9999.0, "10.0 k", "10 k"),
            (86785.1, "86.8 k", "86.8 k"),
            (999_499.0, "999 k", "999 k"),
            (3_550_909.0, "3.55 M", "3.55 M"),
            (100e9, "100 G", "100 G"),
        ] {
            assert_eq!((si(value), si_round(value)), (exact.into(), round.into()));
        }
    }

    #[test]
    fn one_task_is_no_plural() {
        let mut workload = published().workload;
        workload.tasks = 1;
        workload.carrier = Carrier::Threads;
        workload.interval_ms = 250;
        assert!(title(&workload).ends_with(", 1 thread"));
        workload.mix = Some(Mix {
            waiters: 2,
            wait_rate: 100,
        });
        assert!(title(&workload).ends_with(", 1 thread and 2 waiters"));
        assert!(legend(&workload, Confidence::P995).starts_with("Dots: samples of 250 ms,"));
    }
}
