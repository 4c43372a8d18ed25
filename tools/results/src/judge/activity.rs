// SPDX-License-Identifier: MIT OR Apache-2.0

//! Activity of the whole machine per iteration.

use host::activity::{Counted, CpuTime, Missing, SystemActivity};

use crate::record::{ActivityPerIteration, Sample};

impl ActivityPerIteration {
    /// Divides what was counted while `samples` were taken. Returns `None` without an iteration.
    pub fn of(activity: &SystemActivity, samples: &[Sample]) -> Option<Self> {
        let tasks = samples.iter().flat_map(|sample| &sample.tasks);
        let iterations = tasks.map(|task| task.iterations).sum::<u64>();
        if iterations == 0 {
            return None;
        }
        let mut missing = Reasons::default();
        let mut per_iteration = |what, count: &Counted| {
            let count = missing.sort_out(what, count.clone())?;
            Some(count as f64 / iterations as f64)
        };
        let context_switches = per_iteration("context switches", &activity.context_switches);
        let reschedule_ipis = per_iteration("rescheduling IPIs", &activity.reschedule_ipis);
        let function_call_ipis = per_iteration("function call IPIs", &activity.function_call_ipis);
        let tlb_shootdowns = per_iteration("TLB shootdowns", &activity.tlb_shootdowns);
        let instructions = match activity.instructions {
            // Some hypervisors have a PMU that stands still.
            Ok(0) => Err(Missing("the PMU counts none".into())),
            _ => activity.instructions.clone(),
        };
        let instructions = per_iteration("instructions", &instructions);
        let mut share = |what, part: fn(&CpuTime) -> u64, of: fn(&CpuTime) -> u64| {
            let share = activity.cpu_time.as_ref().map_err(Missing::clone);
            let share = share.and_then(|time| match of(time) {
                0 => Err(Missing("the samples are shorter than a tick".into())),
                whole => Ok(part(time) as f64 / whole as f64),
            });
            missing.sort_out(what, share)
        };
        Some(Self {
            iterations,
            context_switches,
            reschedule_ipis,
            function_call_ipis,
            tlb_shootdowns,
            softirq_share: share("softirq time", |time| time.softirq, |time| time.busy),
            steal_share: share("steal time", |time| time.steal, |time| time.total),
            instructions,
            missing: missing.in_words(),
        })
    }

    /// Interrupts between CPUs per iteration, of both kinds.
    pub fn ipis(&self) -> Option<f64> {
        Some(self.reschedule_ipis? + self.function_call_ipis?)
    }
}

/// Reasons why counts are missing; each reason once.
#[derive(Default)]
struct Reasons(Vec<(Vec<&'static str>, Missing)>);

impl Reasons {
    fn sort_out<T>(&mut self, what: &'static str, counted: Counted<T>) -> Option<T> {
        let reason = match counted {
            Ok(count) => return Some(count),
            Err(reason) => reason,
        };
        match self.0.iter_mut().find(|(_, known)| *known == reason) {
            Some((missing, _)) => missing.push(what),
            None => self.0.push((vec![what], reason)),
        }
        None
    }

    fn in_words(self) -> Vec<String> {
        let reasons = self.0.into_iter();
        reasons
            .map(|(missing, reason)| format!("{}: {reason}", missing.join(", ")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{activity, counted_samples};

    fn of(activity: &SystemActivity) -> ActivityPerIteration {
        // 2 samples of 2 tasks that do 100 iterations.
        ActivityPerIteration::of(activity, &counted_samples(2, 2, 100)).unwrap()
    }

    #[test]
    fn counts_are_divided_by_the_iterations_of_all_tasks() {
        let of = of(&activity());
        assert_eq!(of.iterations, 400);
        assert_eq!(of.context_switches, Some(2.0));
        assert_eq!(of.ipis(), Some(0.25 + 0.5));
        assert_eq!(of.tlb_shootdowns, Some(0.25));
        assert_eq!((of.softirq_share, of.steal_share), (Some(0.25), Some(0.1)));
        assert_eq!(of.instructions, Some(12345.0));
        assert_eq!(of.missing, [] as [&str; 0]);
    }

    #[test]
    fn nothing_is_divided_by_no_iterations() {
        let idle = counted_samples(2, 2, 0);
        assert_eq!(ActivityPerIteration::of(&activity(), &idle), None);
        assert_eq!(ActivityPerIteration::of(&activity(), &[]), None);
    }

    #[test]
    fn missing_counts_are_not_0() {
        let gone = || Missing("gone".into());
        let mut activity = activity();
        activity.reschedule_ipis = Err(gone());
        activity.tlb_shootdowns = Err(gone());
        activity.cpu_time = Ok(CpuTime::default());
        activity.instructions = Ok(0);
        let of = of(&activity);
        assert_eq!((of.ipis(), of.function_call_ipis), (None, Some(0.5)));
        assert_eq!((of.softirq_share, of.steal_share), (None, None));
        let expected = [
            "rescheduling IPIs, TLB shootdowns: gone",
            "instructions: the PMU counts none",
            "softirq time, steal time: the samples are shorter than a tick",
        ];
        assert_eq!(of.missing, expected);
    }

    #[test]
    fn activity_survives_being_saved() {
        let mut activity = activity();
        let whole = of(&activity);
        activity.instructions = Err(Missing("there is no PMU".into()));
        for of in [whole, of(&activity)] {
            let saved = serde_json::to_string(&of).unwrap();
            assert_eq!(saved.contains("missing"), of.instructions.is_none());
            let read: ActivityPerIteration = serde_json::from_str(&saved).unwrap();
            assert_eq!(read, of);
        }
    }
}
