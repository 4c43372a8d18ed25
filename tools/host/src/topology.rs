// SPDX-License-Identifier: MIT OR Apache-2.0

//! CPUs of the machine, and the placement of tasks on them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

const CPU_DIR: &str = "/sys/devices/system/cpu";

/// Returns the CPUs that this process may use, in ascending order.
pub fn allowed_cpus() -> Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))
        .context("the allowed CPUs are unknown: try --no-affinity and --tasks")?;
    Ok((0..CpuSet::count())
        .filter(|&cpu| set.is_set(cpu).unwrap_or(false))
        .collect())
}

/// Returns the online CPUs in ascending order; `None` if the kernel does not say.
pub fn online_cpus() -> Option<Vec<usize>> {
    let list = fs::read_to_string(Path::new(CPU_DIR).join("online")).ok()?;
    cpus_in(list.trim())
}

/// Returns the number of CPUs in a list such as `0-3,8`.
pub fn count_cpus(list: &str) -> Option<usize> {
    cpus_in(list).map(|cpus| cpus.len())
}

/// Returns the CPUs in a list such as `0-3,8`.
fn cpus_in(list: &str) -> Option<Vec<usize>> {
    let ranges = list.split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(first..=last)
    });
    let ranges: Option<Vec<_>> = ranges.collect();
    Some(ranges?.into_iter().flatten().collect())
}

/// Places tasks as will-it-scale does: on one CPU of each core first, then on
/// their SMT siblings, then from the beginning again.
pub fn place(tasks: usize, allowed: &[usize]) -> Vec<usize> {
    let order = placement_order(allowed, Path::new(CPU_DIR));
    order.into_iter().cycle().take(tasks).collect()
}

fn placement_order(allowed: &[usize], dir: &Path) -> Vec<usize> {
    let mut used: HashMap<Core, usize> = HashMap::new();
    let mut order: Vec<(usize, usize, usize)> = allowed
        .iter()
        .map(|&cpu| {
            let core = Core::of(cpu, dir);
            let package = core.package;
            let rank = used.entry(core).or_default();
            *rank += 1;
            (*rank, package, cpu)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, cpu)| cpu).collect()
}

#[derive(PartialEq, Eq, Hash)]
struct Core {
    package: usize,
    /// CPUs of the core as sysfs lists them; without a list, the CPU counts as a core.
    siblings: String,
}

impl Core {
    fn of(cpu: usize, dir: &Path) -> Self {
        let read = |name: &str| {
            let path = dir.join(format!("cpu{cpu}/topology/{name}"));
            fs::read_to_string(path).map(|text| text.trim().to_owned())
        };
        let siblings = read("core_cpus_list").or_else(|_| read("thread_siblings_list"));
        Self {
            package: read("physical_package_id")
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            siblings: siblings.unwrap_or_else(|_| cpu.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(cpus: &[(usize, usize, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (cpu, package, siblings) in cpus {
            let topology = dir.path().join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&topology).unwrap();
            fs::write(topology.join("physical_package_id"), format!("{package}\n")).unwrap();
            fs::write(
                topology.join("thread_siblings_list"),
                format!("{siblings}\n"),
            )
            .unwrap();
        }
        dir
    }

    #[test]
    fn cores_come_before_siblings() {
        let dir = fake(&[(0, 0, "0-1"), (1, 0, "0-1"), (2, 0, "2-3"), (3, 0, "2-3")]);
        assert_eq!(placement_order(&[0, 1, 2, 3], dir.path()), [0, 2, 1, 3]);
        // CPU 0 is not ours: its sibling stands for the core.
        assert_eq!(placement_order(&[1, 2, 3], dir.path()), [1, 2, 3]);
    }

    #[test]
    fn one_package_is_filled_before_the_next() {
        let dir = fake(&[(0, 0, "0"), (1, 1, "1"), (2, 0, "2"), (3, 1, "3")]);
        assert_eq!(placement_order(&[0, 1, 2, 3], dir.path()), [0, 2, 1, 3]);
    }

    #[test]
    fn without_topology_each_cpu_is_a_core() {
        let dir = fake(&[]);
        assert_eq!(placement_order(&[2, 5, 7], dir.path()), [2, 5, 7]);
    }

    #[test]
    fn more_tasks_than_cpus_wrap_around() {
        let allowed = allowed_cpus().unwrap();
        let cpus = place(allowed.len() * 2 + 1, &allowed);
        assert_eq!(cpus[0], cpus[allowed.len()]);
        assert_eq!(cpus[0], cpus[allowed.len() * 2]);
        assert!(cpus.iter().all(|cpu| allowed.contains(cpu)));
    }

    #[test]
    fn cpu_lists_are_counted() {
        assert_eq!(count_cpus("0"), Some(1));
        assert_eq!(count_cpus("0-3,8,10-11"), Some(7));
        assert_eq!(count_cpus("unknown"), None);
        assert_eq!(count_cpus("3-1"), None);
        assert_eq!(cpus_in("0-1,4"), Some(vec![0, 1, 4]));
    }
}
