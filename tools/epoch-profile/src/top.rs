//! The functions that took most of the time, or most differently much.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::fold::Stacks;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A part of all samples, with its 95 % confidence interval. All but the count
/// are from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// How many samples it is.
    pub samples: u64,
    /// Which part of all.
    pub share: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Share {
    /// `samples` of `all`, with Wilson's interval (E. B. Wilson, "Probable
    /// Inference, the Law of Succession, and Statistical Inference", JASA 22,
    /// 1927), which holds for few samples, too. It takes the samples as
    /// independent; those that follow each other on a CPU are not quite.
    pub fn new(samples: u64, all: u64) -> Self {
        if all == 0 {
            return Self {
                samples,
                share: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let n = all as f64;
        let share = samples as f64 / n;
        let scale = 1.0 + Z * Z / n;
        let center = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        Self {
            samples,
            share,
            low: (center - half).max(0.0),
            high: (center + half).min(1.0),
        }
    }
}

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Symbol {
    /// Its name.
    pub symbol: String,
    /// What it has of the samples of each run: those in itself, without what it
    /// calls.
    pub shares: Vec<Share>,
}

impl Symbol {
    /// What it is sorted by: of several runs the greatest difference.
    fn weight(&self) -> f64 {
        let shares = self.shares.iter().map(|share| share.share);
        let most = shares.clone().fold(0.0, f64::max);
        match self.shares.len() {
            1 => most,
            _ => most - shares.fold(1.0, f64::min),
        }
    }
}

/// The `count` functions with the greatest share of the run, or with the
/// greatest difference between the shares of several.
pub fn symbols(runs: &[&Stacks], count: usize) -> Vec<Symbol> {
    let mut samples = BTreeMap::<&str, Vec<u64>>::new();
    for (run, stacks) in runs.iter().enumerate() {
        for (symbol, n) in stacks.self_samples() {
            samples.entry(symbol).or_insert_with(|| vec![0; runs.len()])[run] += n;
        }
    }
    let all: Vec<_> = runs.iter().map(|stacks| stacks.samples()).collect();
    let shares = |samples: Vec<u64>| {
        let pairs = samples.into_iter().zip(&all);
        pairs.map(|(n, all)| Share::new(n, *all)).collect()
    };
    let mut symbols: Vec<_> = samples
        .into_iter()
        .map(|(symbol, samples)| Symbol {
            symbol: symbol.to_owned(),
            shares: shares(samples),
        })
        .collect();
    symbols.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    symbols.truncate(count);
    symbols
}

/// The functions as lines, for runs of these names: the share of each with its
/// interval in percent, the number of samples, of two runs the difference in
/// percentage points, and the function.
pub fn table(runs: &[&str], symbols: &[Symbol]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let mut header = Vec::new();
    for run in runs {
        header.extend([(*run).to_owned(), "95%".into(), "samples".into()]);
    }
    if runs.len() == 2 {
        header.push("change".into());
    }
    let numbers = header.len();
    header.push("function".into());
    table.set_header(header);
    for Symbol { symbol, shares } in symbols {
        let mut row = Vec::new();
        for share in shares {
            row.extend([
                format!("{:.1}%", share.share * 100.0),
                format!("{:.1}-{:.1}", share.low * 100.0, share.high * 100.0),
                share.samples.to_string(),
            ]);
        }
        if let [before, after] = shares[..] {
            row.push(format!("{:+.1}", (after.share - before.share) * 100.0));
        }
        row.push(symbol.clone());
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index < numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_wilsons_interval() {
        // From table I of R. G. Newcombe, "Two-sided confidence intervals for the
        // single proportion", Statistics in Medicine 17, 1998 (method 3).
        for (samples, all, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let share = Share::new(samples, all);
            assert!((share.low - low).abs() < 5e-5, "{share:?}");
            assert!((share.high - high).abs() < 5e-5, "{share:?}");
        }
        let nothing = Share::new(0, 0);
        assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    }
}
