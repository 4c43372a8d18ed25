// SPDX-License-Identifier: MIT OR Apache-2.0

//! Numbers short enough for a plot.

/// Formats a number with three digits and its thousands as a letter: `1.20 M`.
pub fn si(value: f64) -> String {
    let (digits, unit) = scaled(value);
    format!("{digits}{unit}")
}

/// Formats a number like [`si`], without trailing zeros, for the axis: `1.2 M`.
pub fn si_round(value: f64) -> String {
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
    // A value that would be rounded to 1000 takes the next unit.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
