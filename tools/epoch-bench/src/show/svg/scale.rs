// SPDX-License-Identifier: MIT OR Apache-2.0

//! Positions of numbers of tasks on their axis.

use super::style::{NUMBER, TICK_GAP};

/// An axis of tasks, logarithmic where their numbers double.
pub struct Scale {
    tasks: Vec<usize>,
    logarithmic: bool,
    width: f64,
}

impl Scale {
    /// Space left of the least and right of the most tasks, in pixels: as many trackers as there may
    /// be have room side by side.
    pub const PADDING: f64 = 40.0;

    /// Creates the axis for these numbers, ascending, over this many pixels.
    pub fn new(tasks: Vec<usize>, width: i32) -> Self {
        // The last one may be the number of CPUs, which need not be a power of two.
        let doubling = &tasks[..tasks.len().saturating_sub(1)];
        let logarithmic = tasks.len() > 2 && doubling.iter().all(|tasks| tasks.is_power_of_two());
        Self {
            tasks,
            logarithmic,
            width: f64::from(width),
        }
    }

    /// Returns the caption below the axis.
    pub fn caption(&self) -> &'static str {
        if self.logarithmic {
            "Tasks (logarithmic)"
        } else {
            "Tasks"
        }
    }

    /// Returns the measured numbers of tasks.
    pub fn tasks(&self) -> &[usize] {
        &self.tasks
    }

    /// Returns the distance from the left, in pixels.
    pub fn x(&self, tasks: f64) -> f64 {
        let (from, to) = self.ends();
        if from == to {
            return self.width / 2.0;
        }
        let share = (self.along(tasks) - from) / (to - from);
        Self::PADDING + share * (self.width - 2.0 * Self::PADDING)
    }

    /// Returns points in equal steps of the axis, from the least tasks to the most.
    pub fn steps(&self, count: usize) -> impl Iterator<Item = (f64, f64)> + Clone + '_ {
        let (from, to) = self.ends();
        (0..=count).map(move |step| {
            let along = from + (to - from) * step as f64 / count as f64;
            let tasks = if self.logarithmic {
                along.exp2()
            } else {
                along
            };
            (self.x(tasks), tasks)
        })
    }

    /// Returns the least distance between neighbours.
    pub fn gap(&self) -> f64 {
        let x = |tasks: &usize| self.x(*tasks as f64);
        let pairs = self.tasks.windows(2);
        pairs
            .map(|pair| x(&pair[1]) - x(&pair[0]))
            .fold(self.width / 2.0, f64::min)
    }

    /// Returns the numbers that fit below the axis; the last one has precedence.
    pub fn labelled(&self) -> Vec<usize> {
        let half = |tasks: usize| f64::from(NUMBER.width(&tasks.to_string()) + TICK_GAP) / 2.0;
        let left = |tasks: usize| self.x(tasks as f64) - half(tasks);
        let right = |tasks: usize| self.x(tasks as f64) + half(tasks);
        let Some((&last, others)) = self.tasks.split_last() else {
            return Vec::new();
        };
        let mut labelled: Vec<usize> = Vec::new();
        for &tasks in others {
            let free = labelled.last().is_none_or(|&one| left(tasks) >= right(one));
            if free && right(tasks) <= left(last) {
                labelled.push(tasks);
            }
        }
        labelled.push(last);
        labelled
    }

    fn ends(&self) -> (f64, f64) {
        let along = |tasks: Option<&usize>| tasks.map_or(0.0, |&tasks| self.along(tasks as f64));
        (along(self.tasks.first()), along(self.tasks.last()))
    }

    fn along(&self, tasks: f64) -> f64 {
        if self.logarithmic {
            tasks.log2()
        } else {
            tasks
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_is_the_same_distance() {
        let scale = Scale::new(vec![1, 2, 4, 8, 12], 480);
        let x = |tasks: f64| scale.x(tasks);
        assert_eq!((x(1.0), x(12.0)), (40.0, 440.0));
        let (last_x, last) = scale.steps(10).last().unwrap();
        assert_eq!((last_x.round(), last.round()), (440.0, 12.0));
        let (left, right) = (x(4.0) - x(2.0), x(8.0) - x(4.0));
        assert!((left - right).abs() < 1e-9, "{left} {right}");
        assert_eq!(scale.caption(), "Tasks (logarithmic)");
    }

    #[test]
    fn other_numbers_are_linear() {
        let scale = Scale::new(vec![1, 3, 5], 480);
        assert_eq!(scale.x(3.0), 240.0);
        assert_eq!(scale.gap(), 200.0);
        assert_eq!(scale.caption(), "Tasks");
    }

    #[test]
    fn one_number_is_in_the_middle() {
        let scale = Scale::new(vec![7], 444);
        assert_eq!(scale.x(7.0), 222.0);
        assert_eq!(scale.labelled(), [7]);
    }

    #[test]
    fn labels_do_not_overlap() {
        let scale = Scale::new(vec![1, 3, 5, 95, 96], 444);
        assert_eq!(scale.labelled(), [1, 96]);
        let scale = Scale::new(vec![1, 2, 4, 8], 444);
        assert_eq!(scale.labelled(), [1, 2, 4, 8]);
    }
}
