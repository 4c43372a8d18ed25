//! What the hook itself costs: calls that are not hooked against calls that are
//! with a tracker that does nothing.

use std::fmt;

use anyhow::Result;
use ministat::{Confidence, Dataset, Edition};
use serde::{Deserialize, Serialize};

use crate::hook::{Calls, Hook};
use crate::latency::time;
use crate::sysfs::TrackerControl;

/// The tracker that does nothing.
const NOTHING: &str = "none";

/// The cost of the hook, in nanoseconds of one task for each call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct HookCost {
    /// Mean time of an iteration that is not hooked.
    pub unhooked_ns: f64,
    /// Mean time of one that is, with tracker `none`.
    pub hooked_ns: f64,
    /// The difference of the two.
    pub cost_ns: f64,
    /// Half the width of its confidence interval.
    pub cost_error_ns: f64,
    /// How many samples of each there were.
    pub n: usize,
    /// Confidence in percent.
    pub confidence_percent: f64,
    /// Whether Student's t proves a difference.
    pub proven: bool,
}

/// Measures the cost with `rounds` interleaved samples of each.
///
/// `sample` tells how many nanoseconds an iteration takes, in which the hooked
/// function is called; none comes back if it is not. Leaves the hook disabled.
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
        // Every other round is turned round, as those of a comparison are.
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

/// What it costs in words, also where that could not be measured.
pub fn describe(cost: Option<&HookCost>) -> String {
    match cost {
        Some(cost) => cost.to_string(),
        None => "the hook itself: not measured, since munmap(2) does not call the hooked function"
            .into(),
    }
}

impl HookCost {
    fn new(unhooked: Vec<f64>, hooked: Vec<f64>, confidence: Confidence) -> Result<Self> {
        let unhooked = Dataset::new("not hooked", unhooked)?;
        let hooked = Dataset::new("hooked", hooked)?;
        let difference = ministat::compare(&hooked, &unhooked, confidence, Edition::Current);
        Ok(Self {
            unhooked_ns: unhooked.mean(),
            hooked_ns: hooked.mean(),
            cost_ns: difference.absolute,
            cost_error_ns: difference.absolute_error,
            n: hooked.n(),
            confidence_percent: confidence.percent(),
            proven: difference.proven,
        })
    }
}

impl fmt::Display for HookCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            n,
            confidence_percent,
            ..
        } = self;
        let (cost, error) = (time(self.cost_ns), time(self.cost_error_ns));
        let how = format!(
            "{} an iteration not hooked, {} hooked with tracker none, {confidence_percent}% \
             confidence, N={n} each",
            time(self.unhooked_ns),
            time(self.hooked_ns)
        );
        if self.proven {
            write!(f, "the hook itself: {cost} +/- {error} per call ({how})")
        } else {
            write!(
                f,
                "the hook itself: not measurable, {cost} +/- {error} per call ({how})"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::tests::fake_class;
    use crate::sysfs::TrackerControl;

    /// Iterations that take 1000 ns and some, and 200 more while hooked.
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
        assert!(describe(None).contains("does not call"));
    }

    #[test]
    fn the_cost_is_the_difference() {
        let cost = cost_of(&[0.0, 2.0, 2.0, 0.0]);
        assert!(
            cost.proven && (cost.cost_ns - 200.0).abs() < 3.0,
            "{cost:?}"
        );
        assert_eq!(cost.n, 4);
        let text = cost.to_string();
        assert!(text.starts_with("the hook itself: 20"), "{text}");
        assert!(text.contains("95% confidence, N=4 each"), "{text}");
    }

    #[test]
    fn what_is_not_proven_is_not_measurable() {
        let cost = cost_of(&[0.0, 900.0, 50.0, 4000.0, 20.0]);
        assert!(cost.to_string().contains("not measurable"), "{cost}");
    }
}
