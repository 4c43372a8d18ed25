// SPDX-License-Identifier: MIT OR Apache-2.0

//! Number formatting as C's `%g`.

/// Formats a number as C's `%.{precision}g` does.
///
/// A value that is not a number comes out as `-nan`, which is what x86-64's
/// own invalid operations give.
pub fn general(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return "-nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let precision = precision.max(1);
    // The exponent is that after rounding to the precision: 9.9999e5 may become 1e6.
    let scientific = format!("{:.*e}", precision - 1, value);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match usize::try_from(precision as i32 - 1 - exponent) {
        Ok(decimals) if exponent >= -4 => {
            without_trailing_zeros(&format!("{value:.decimals$}")).to_owned()
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            let mantissa = without_trailing_zeros(mantissa);
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

fn without_trailing_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::general;

    /// Value, precision, and the output of glibc's printf.
    const EXPECTED: &[(f64, usize, &str)] = &[
        (0.0, 6, "0"),
        (-0.0, 6, "-0"),
        (1.0, 6, "1"),
        (100000.0, 6, "100000"),
        (999999.0, 6, "999999"),
        (999999.5, 6, "1e+06"),
        (1000000.0, 6, "1e+06"),
        (2542178.2, 6, "2.54218e+06"),
        (0.0001, 6, "0.0001"),
        (0.00001, 6, "1e-05"),
        (0.00009999995, 6, "0.0001"),
        (0.000099999949, 6, "9.99999e-05"),
        (-1234.5678, 6, "-1234.57"),
        (1e100, 6, "1e+100"),
        (1e-300, 6, "1e-300"),
        (5e-324, 6, "4.94066e-324"),
        (f64::MAX, 8, "1.7976931e+308"),
        (1008730.8, 8, "1008730.8"),
        (2895.11557, 8, "2895.1156"),
        (12345678.5, 8, "12345678"),
        (12345679.5, 8, "12345680"),
        (123456789.0, 8, "1.2345679e+08"),
        (99999999.5, 8, "1e+08"),
        (2.5, 1, "2"),
        (3.5, 1, "4"),
        (0.5, 0, "0.5"),
        (f64::INFINITY, 6, "inf"),
        (f64::NEG_INFINITY, 6, "-inf"),
        (f64::NAN, 6, "-nan"),
    ];

    #[test]
    fn matches_printf() {
        for &(value, precision, expected) in EXPECTED {
            assert_eq!(
                general(value, precision),
                expected,
                "{value:e} %.{precision}g"
            );
        }
    }
}
