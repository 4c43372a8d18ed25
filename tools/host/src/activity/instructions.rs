// SPDX-License-Identifier: MIT OR Apache-2.0

//! Instructions of all CPUs, as `perf_event_open(2)` counts them.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::FromRawFd;

use nix::errno::Errno;
use nix::libc;

use super::{Counted, Missing};
use crate::topology;

/// `PERF_TYPE_HARDWARE` and `PERF_COUNT_HW_INSTRUCTIONS`.
const INSTRUCTIONS: Event = (0, 1);
/// `pinned` of `struct perf_event_attr`: the event is always on the PMU, or in error. An event that
/// is multiplexed with others would be counted part of the time only.
const PINNED: u64 = 1 << 2;
/// `PERF_FLAG_FD_CLOEXEC`
const CLOEXEC: libc::c_ulong = 1 << 3;

/// The first version of `struct perf_event_attr` (`PERF_ATTR_SIZE_VER0`), which every kernel takes.
#[derive(Default)]
#[repr(C)]
struct EventAttributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    config1: u64,
}

const _: () = assert!(size_of::<EventAttributes>() == 64);

/// Type of an event, and the event of that type.
type Event = (u32, u64);

/// Instruction counters of all CPUs that were online.
pub struct InstructionCounters(Vec<File>);

impl InstructionCounters {
    /// Starts counting instructions.
    pub fn open() -> Counted<Self> {
        Self::of(INSTRUCTIONS)
    }

    fn of(event: Event) -> Counted<Self> {
        let cpus = topology::online_cpus();
        let cpus =
            cpus.ok_or_else(|| Missing("the kernel does not say what CPUs are online".into()))?;
        let counters: Result<_, _> = cpus.into_iter().map(|cpu| open_on(cpu, event)).collect();
        counters.map(Self).map_err(why)
    }

    /// Returns the instructions since [`open`](Self::open), summed over all CPUs.
    pub fn read(&self) -> Counted {
        let mut sum = 0;
        for mut counter in &self.0 {
            let mut count = [0; 8];
            let read = counter.read_exact(&mut count);
            read.map_err(|error| match error.kind() {
                // A pinned event in error.
                io::ErrorKind::UnexpectedEof => {
                    Missing("something else takes the PMU's counter: see 'pgrep perf'".into())
                }
                _ => Missing(format!("the PMU's counter cannot be read: {error}")),
            })?;
            sum += u64::from_ne_bytes(count);
        }
        Ok(sum)
    }
}

/// Counts an event in everything that runs on a CPU.
fn open_on(cpu: usize, (kind, config): Event) -> Result<File, Errno> {
    let attributes = EventAttributes {
        kind,
        size: size_of::<EventAttributes>() as u32,
        config,
        flags: PINNED,
        ..Default::default()
    };
    let everybody: libc::pid_t = -1;
    let cpu = libc::c_int::try_from(cpu).map_err(|_| Errno::EINVAL)?;
    let no_group: libc::c_int = -1;
    // SAFETY: `attributes` is a struct perf_event_attr of the size that it says, and lives longer
    // than the call, which keeps no pointer to it.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            everybody,
            cpu,
            no_group,
            CLOEXEC,
        )
    };
    let fd = libc::c_int::try_from(Errno::result(fd)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: `fd` is a new file descriptor that nothing else owns.
    Ok(unsafe { File::from_raw_fd(fd) })
}

fn why(errno: Errno) -> Missing {
    Missing(match errno {
        Errno::ENOENT | Errno::ENODEV | Errno::EOPNOTSUPP => {
            "there is no PMU that counts them, as in most virtual machines".into()
        }
        Errno::EACCES | Errno::EPERM => "perf_event_open(2) was refused: run as root".into(),
        Errno::ENOSYS => "the kernel was built without perf_event_open(2)".into(),
        errno => format!("perf_event_open(2) failed: {}", errno.desc()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_words() {
        let says = |errno, words: &str| assert!(why(errno).0.contains(words), "{}", why(errno));
        says(Errno::ENOENT, "no PMU");
        says(Errno::EACCES, "run as root");
        says(Errno::EMFILE, "Too many open files");
    }

    #[test]
    fn a_counter_in_error_is_no_count() {
        let counters = InstructionCounters(vec![File::open("/dev/null").unwrap()]);
        let missing = counters.read().unwrap_err();
        assert!(missing.0.contains("something else"), "{missing}");
        assert_eq!(InstructionCounters(Vec::new()).read(), Ok(0));
    }

    #[test]
    fn an_event_that_needs_no_pmu_is_counted() {
        // PERF_COUNT_SW_CPU_CLOCK of PERF_TYPE_SOFTWARE, in nanoseconds.
        match InstructionCounters::of((1, 0)) {
            Ok(counters) => {
                let before = counters.read().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(5));
                assert!(counters.read().unwrap() >= before + 5_000_000);
            }
            Err(missing) => assert!(missing.0.contains("perf_event_open(2)"), "{missing}"),
        }
    }

    #[test]
    fn counts_are_summed() {
        let zeros = || File::open("/dev/zero").unwrap();
        assert_eq!(InstructionCounters(vec![zeros(), zeros()]).read(), Ok(0));
    }
}
