// SPDX-License-Identifier: MIT OR Apache-2.0

//! Data sets: input and statistics.

use std::ffi::CString;
use std::io::BufRead;

use crate::{Edition, Error, MIN_POINTS};

/// Selects the part of a line that is the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Column, from 1.
    pub column: usize,
    /// Characters that separate columns.
    pub delimiters: Vec<u8>,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            column: 1,
            delimiters: b" \t".to_vec(),
        }
    }
}

/// A named set of at least [`MIN_POINTS`] points.
#[derive(Clone, Debug)]
pub struct Dataset {
    name: String,
    /// Points in ascending order.
    points: Vec<f64>,
    sum: f64,
    /// The square of each point.
    sum_of_squares: f64,
    /// The square of each point's distance from the mean.
    sum_of_squared_deviations: f64,
}

impl Dataset {
    /// Creates a data set of these points.
    pub fn new(name: impl Into<String>, mut points: Vec<f64>) -> Result<Self, Error> {
        let name = name.into();
        if points.len() < MIN_POINTS {
            return Err(Error::TooFewPoints {
                name,
                points: points.len(),
            });
        }
        if !points.iter().all(|point| point.is_finite()) {
            return Err(Error::NotFinite { name });
        }
        // Summed before sorting: the order affects the last digit.
        let mut sum = 0.0;
        let mut sum_of_squares = 0.0;
        for point in &points {
            sum += point;
            sum_of_squares += point * point;
        }
        points.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        let mean = sum / points.len() as f64;
        // Summed after sorting, as ministat does.
        let mut sum_of_squared_deviations = 0.0;
        for point in &points {
            sum_of_squared_deviations += (point - mean) * (point - mean);
        }
        Ok(Self {
            name,
            points,
            sum,
            sum_of_squares,
            sum_of_squared_deviations,
        })
    }

    /// Reads one point from each line.
    ///
    /// Lines without the column are skipped, and so is everything after a column that starts with
    /// `#`.
    pub fn read(
        name: impl Into<String>,
        mut reader: impl BufRead,
        input: &Input,
    ) -> Result<Self, Error> {
        let name = name.into();
        let mut points = Vec::new();
        let mut buffer = Vec::new();
        for line in 1.. {
            buffer.clear();
            match reader.read_until(b'\n', &mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(source) => return Err(Error::Read { name, source }),
            }
            let Some(column) = find_column(trim_end(&buffer), input) else {
                continue;
            };
            match parse_point(column) {
                Some(point) => points.push(point),
                None => {
                    return Err(Error::InvalidData {
                        name,
                        line,
                        found: String::from_utf8_lossy(column).into_owned(),
                    });
                }
            }
        }
        Self::new(name, points)
    }

    /// Returns the name of the data set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the points in ascending order.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// Returns the number of points.
    pub fn n(&self) -> usize {
        self.points.len()
    }

    /// Returns the least point.
    pub fn min(&self) -> f64 {
        self.points[0]
    }

    /// Returns the greatest point.
    pub fn max(&self) -> f64 {
        self.points[self.n() - 1]
    }

    /// Returns the median; for an even number of points, see [`Edition`].
    pub fn median(&self, edition: Edition) -> f64 {
        let middle = self.n() / 2;
        let upper = self.points[middle];
        match edition {
            Edition::Current if self.n() % 2 == 0 => (upper + self.points[middle - 1]) / 2.0,
            _ => upper,
        }
    }

    /// Returns the arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.sum / self.n() as f64
    }

    /// Returns the variance of the sample; for its computation, see [`Edition`].
    pub fn variance(&self, edition: Edition) -> f64 {
        let n = self.n() as f64;
        let squares = match edition {
            Edition::Current => self.sum_of_squared_deviations,
            Edition::Legacy => self.sum_of_squares - self.sum * self.sum / n,
        };
        squares / (n - 1.0)
    }

    /// Returns the standard deviation of the sample.
    pub fn stddev(&self, edition: Edition) -> f64 {
        self.variance(edition).sqrt()
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn trim_end(line: &[u8]) -> &[u8] {
    let len = line
        .iter()
        .rposition(|&b| !is_space(b))
        .map_or(0, |i| i + 1);
    &line[..len]
}

/// Returns the column. Runs of delimiters count as one, as with C's strtok.
fn find_column<'a>(line: &'a [u8], input: &Input) -> Option<&'a [u8]> {
    line.split(|byte| input.delimiters.contains(byte))
        .filter(|column| !column.is_empty())
        .take_while(|column| column[0] != b'#')
        .nth(input.column - 1)
}

/// Reads a number as C does, hexadecimal ones too; a comma may stand for the decimal point.
fn parse_point(column: &[u8]) -> Option<f64> {
    let column: Vec<u8> = column
        .iter()
        .map(|&byte| if byte == b',' { b'.' } else { byte })
        .collect();
    let text = CString::new(column).ok()?;
    let mut end = std::ptr::null_mut();
    // SAFETY: `text` ends with a null byte, and `end` is a place for the address of the first byte
    // after the number.
    let point = unsafe { libc::strtod(text.as_ptr(), &raw mut end) };
    // Nothing may follow. Without a number, `end` is where the text begins.
    // SAFETY: `end` is within `text`, whose last byte is null.
    let complete = unsafe { *end } == 0 && !std::ptr::eq(end, text.as_ptr());
    complete.then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str, input: &Input) -> Result<Vec<f64>, String> {
        Dataset::read("test", text.as_bytes(), input)
            .map(|dataset| dataset.points().to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn comments_and_empty_lines_hold_no_data() {
        let text = "# head\n\n3 # c\n   \n1\t7\r\n2 x\n#4\n  -5e-1";
        let expected = vec![-0.5, 1.0, 2.0, 3.0];
        assert_eq!(points(text, &Input::default()), Ok(expected));
    }

    #[test]
    fn columns_and_delimiters_can_be_chosen() {
        let input = Input {
            column: 2,
            delimiters: b",;".to_vec(),
        };
        assert_eq!(
            points("a,;3\nb; 2,z\nc\n,x,1", &input),
            Ok(vec![1.0, 2.0, 3.0])
        );
        assert_eq!(
            points("a,3\nb,2 ,z\n", &input).unwrap_err(),
            "invalid data on line 2 in test: '2 ' is not a number; \
             correct it, or name the column with -C and the delimiters with -d"
        );
    }

    #[test]
    fn too_little_or_infinite_data_is_refused() {
        assert!(matches!(
            Dataset::new("test", vec![1.0, 2.0]),
            Err(Error::TooFewPoints { points: 2, .. })
        ));
        assert!(matches!(
            Dataset::read("test", &b"1\n2\n1e999\n"[..], &Input::default()),
            Err(Error::NotFinite { .. })
        ));
    }

    #[test]
    fn numbers_are_those_of_c() {
        let text = "1,5\n0x10\n0x1.8p1\n+2e0\n.5\n";
        let expected = vec![0.5, 1.5, 2.0, 3.0, 16.0];
        assert_eq!(points(text, &Input::default()), Ok(expected));
        for bad in ["1,5,0", "1.5x", "one", "1e", "0x", "--1", "1\u{0}2"] {
            let text = format!("1\n2\n3\n{bad}\n");
            let error = points(&text, &Input::default()).unwrap_err();
            assert!(
                error.starts_with("invalid data on line 4"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn the_editions_differ_in_median_and_rounding() {
        let even = Dataset::new("even", vec![10.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(even.median(Edition::Current), 2.5);
        assert_eq!(even.median(Edition::Legacy), 3.0);

        let same = Dataset::new("same", vec![0.1; 3]).unwrap();
        assert!(same.stddev(Edition::Current) < 1e-16);
        assert!(same.stddev(Edition::Legacy).is_nan());
    }
}
