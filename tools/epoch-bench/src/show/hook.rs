// SPDX-License-Identifier: MIT OR Apache-2.0

//! The cost of the hook in words.

use epoch_device::latency::time;
use epoch_results::record::HookCost;

/// Describes the cost, or says why it could not be measured.
pub fn describe(cost: Option<&HookCost>) -> String {
    let Some(cost) = cost else {
        return "the hook itself: not measured, since munmap(2) does not call the hooked function"
            .into();
    };
    let HookCost {
        n,
        confidence_percent,
        ..
    } = cost;
    let (value, error) = (time(cost.cost_ns), time(cost.cost_error_ns));
    let how = format!(
        "{} an iteration not hooked, {} hooked with tracker none, {confidence_percent}% \
         confidence, N={n} each",
        time(cost.unhooked_ns),
        time(cost.hooked_ns)
    );
    if cost.proven {
        format!("the hook itself: {value} +/- {error} per call ({how})")
    } else {
        format!("the hook itself: not measurable, {value} +/- {error} per call ({how})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ministat::Confidence;

    fn described(hooked: &[f64]) -> String {
        let unhooked = vec![1000.0, 1002.0, 1002.0, 1000.0];
        let cost = HookCost::new(unhooked, hooked.to_vec(), Confidence::P95).unwrap();
        describe(Some(&cost))
    }

    #[test]
    fn what_is_not_proven_is_not_measurable() {
        let text = described(&[1200.0, 1202.0, 1202.0, 1200.0]);
        assert!(text.starts_with("the hook itself: 200 ns +/- "), "{text}");
        assert!(text.ends_with("95% confidence, N=4 each)"), "{text}");
        let text = described(&[1000.0, 1900.0, 1050.0, 5000.0]);
        assert!(
            text.starts_with("the hook itself: not measurable, "),
            "{text}"
        );
        assert!(describe(None).contains("does not call"));
    }
}
