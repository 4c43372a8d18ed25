// SPDX-License-Identifier: MIT OR Apache-2.0

//! Measurement of the hook's own cost: calls that are not hooked, against calls that are hooked
//! with a tracker that does nothing.

use anyhow::Result;
use epoch_device::hook::{Calls, Hook};
use epoch_device::sysfs::TrackerControl;
use epoch_results::record::HookCost;
use ministat::Confidence;

/// The tracker that does nothing.
const NOTHING: &str = "none";

/// Measures the hook's cost with `rounds` interleaved samples of each kind.
///
/// `sample` returns the nanoseconds per iteration, in which the hooked function is called. Returns
/// `None` if it is not called. Leaves the hook disabled.
pub fn calibrate(
    hook: Hook<'_>,
    control: &dyn TrackerControl,
    rounds: usize,
    confidence: Confidence,
    mut sample: impl FnMut() -> Result<f64>,
) -> Result<Option<HookCost>> {
    hook.enable(false)?;
    control.select(NOTHING)?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // Every other round is reversed, as in comparisons.
        for on in [round % 2 != 0, round % 2 == 0] {
            hook.enable(on)?;
            times[usize::from(on)].push(sample()?);
        }
    }
    hook.enable(false)?;
    if hook.calls()? == Calls::default() {
        return Ok(None);
    }
    let [unhooked, hooked] = times;
    HookCost::new(unhooked, hooked, confidence).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use epoch_device::hook::fake::fake_class;

    /// Returns the cost for iterations of 1000 ns plus noise, and 200 ns more while hooked.
    fn cost_of(noise: &[f64]) -> HookCost {
        let (_dir, sysfs) = fake_class();
        let hook = Hook::new(&sysfs);
        let mut noise = noise.iter().cycle();
        let cost = calibrate(hook, &sysfs, 4, Confidence::P95, || {
            let cost = if hook.is_enabled()? { 200.0 } else { 0.0 };
            Ok(1000.0 + cost + noise.next().unwrap())
        });
        assert!(!hook.is_enabled().unwrap());
        assert_eq!(sysfs.current().unwrap(), "none");
        cost.unwrap().unwrap()
    }

    #[test]
    fn a_function_that_is_not_called_costs_nothing_that_can_be_measured() {
        let (_dir, sysfs) = fake_class();
        sysfs.write("hook/hits", "0").unwrap();
        sysfs.write("hook/missed", "0").unwrap();
        let hook = Hook::new(&sysfs);
        let cost = calibrate(hook, &sysfs, 3, Confidence::P95, || Ok(1.0)).unwrap();
        assert_eq!(cost, None);
    }

    #[test]
    fn the_cost_is_the_difference() {
        let cost = cost_of(&[0.0, 2.0, 2.0, 0.0]);
        assert!(
            cost.proven && (cost.cost_ns - 200.0).abs() < 3.0,
            "{cost:?}"
        );
        assert_eq!(cost.n, 4);
        assert_eq!(cost.confidence_percent, 95.0);
    }

    #[test]
    fn cost_below_the_noise_is_not_proven() {
        let cost = cost_of(&[0.0, 900.0, 50.0, 4000.0, 20.0]);
        assert!(!cost.proven, "{cost:?}");
    }
}
