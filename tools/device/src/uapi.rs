// SPDX-License-Identifier: MIT OR Apache-2.0

//! `include/uapi/linux/epoch_bench.h` in Rust; the header has the documentation.
//!
//! A test compiles the header with the system's C compiler and compares every
//! size, offset and number with those here.

use std::mem::size_of;

/// Version of the structures below.
pub const VERSION: u32 = 3;

/// Path of the device.
pub const DEVICE: &str = "/dev/epoch_bench";

/// Length of a tracker's name with its terminating NUL.
pub const NAME_LEN: usize = 16;

/// Workers that may run at the same time.
pub const MAX_WORKERS: u32 = 4096;

/// Longest mapping, in bytes.
pub const MAX_BYTES: u64 = 1 << 40;

/// Length of the mapping in will-it-scale's mmap1, in bytes.
pub const DEFAULT_BYTES: u64 = 128 << 20;

/// Default number of page keys.
pub const DEFAULT_KEYS: u32 = 256;

/// Maximum number of page keys.
pub const MAX_KEYS: u32 = 1 << 20;

/// Maximum number of waits per second of a worker.
pub const MAX_RATE: u32 = 1_000_000;

/// Buckets of a histogram.
pub const BUCKETS: usize = 312;

/// Magic number of the ioctls, the first part of each ioctl number.
pub const IOC_MAGIC: u8 = 0xEB;

/// `enum epoch_bench_testcase`: map and unmap anonymous memory.
pub const TESTCASE_MMAP1: u32 = 0;
/// `enum epoch_bench_testcase`: start and finish a DI block.
pub const TESTCASE_DI: u32 = 1;
/// `enum epoch_bench_testcase`: map, touch some pages, and unmap.
pub const TESTCASE_MMAP1_TOUCH: u32 = 2;
/// `enum epoch_bench_testcase`: map, touch and unmap one page.
pub const TESTCASE_PAGE_FAULT: u32 = 3;
/// `enum epoch_bench_testcase`: wait for a page.
pub const TESTCASE_WAIT: u32 = 4;
/// `enum epoch_bench_testcase`: blocks that note a page and linger.
pub const TESTCASE_TORTURE: u32 = 5;

/// `enum epoch_bench_state`: the worker has not run yet.
pub const STATE_IDLE: u32 = 0;
/// `enum epoch_bench_state`: a thread is inside the run.
pub const STATE_RUNNING: u32 = 1;
/// `enum epoch_bench_state`: the last run has ended.
pub const STATE_DONE: u32 = 2;

/// `struct epoch_bench_tracker`: a block may sleep when it starts or ends.
pub const TRACKER_SLEEPS: u32 = 1 << 0;

/// `enum epoch_bench_latency`: from the hooked function's entry to its return.
pub const LATENCY_HOOKED: u32 = 0;
/// `enum epoch_bench_latency`: duration of waits.
pub const LATENCY_WAITS: u32 = 1;

/// `struct epoch_bench_info`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Info {
    pub version: u32,
    pub max_workers: u32,
    pub running: u32,
    pub started: u32,
    pub tracker: [u8; NAME_LEN],
}

/// `struct epoch_bench_run`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    pub version: u32,
    pub testcase: u32,
    pub bytes: u64,
    pub max_iterations: u64,
    pub max_duration_ns: u64,
    pub pages: u32,
    pub rate: u32,
    pub keys: u32,
    pub reserved: u32,
    pub tracker: [u8; NAME_LEN],
    pub iterations: u64,
    pub elapsed_ns: u64,
}

/// `struct epoch_bench_counters`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    pub version: u32,
    pub state: u32,
    pub iterations: u64,
    pub timestamp_ns: u64,
    pub turns: u32,
    pub reserved: u32,
    pub tracker: [u8; NAME_LEN],
}

impl Counters {
    /// Returns whether the worker uses this tracker.
    pub fn uses(&self, tracker: &str) -> bool {
        let end = self.tracker.iter().position(|&byte| byte == 0);
        self.tracker[..end.unwrap_or(NAME_LEN)] == *tracker.as_bytes()
    }
}

/// `struct epoch_bench_select`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Select {
    pub version: u32,
    pub reserved: u32,
    pub tracker: [u8; NAME_LEN],
}

/// `struct epoch_bench_tracker`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracker {
    pub version: u32,
    pub flags: u32,
    pub name: [u8; NAME_LEN],
    pub waits: u64,
    pub blocked: u64,
    pub longest_queue: u64,
    pub restarts: u64,
    pub contended: u64,
    pub violations: u64,
}

/// `struct epoch_bench_histogram`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Histogram {
    pub version: u32,
    pub latency: u32,
    pub tracker: [u8; NAME_LEN],
    pub buckets: [u64; BUCKETS],
}

const _: () = assert!(size_of::<Info>() == 32);
const _: () = assert!(size_of::<Run>() == 80);
const _: () = assert!(size_of::<Counters>() == 48);
const _: () = assert!(size_of::<Select>() == 24);
const _: () = assert!(size_of::<Tracker>() == 72);
const _: () = assert!(size_of::<Histogram>() == 24 + 8 * BUCKETS);

/// Numbers of the ioctls.
pub mod ioc {
    use super::{Counters, Histogram, IOC_MAGIC, Info, Run, Select, Tracker};
    use nix::{request_code_none, request_code_readwrite};
    use std::mem::size_of;

    type Number = nix::sys::ioctl::ioctl_num_type;

    /// `EPOCH_BENCH_IOC_INFO`
    pub const INFO: Number = request_code_readwrite!(IOC_MAGIC, 0x00, size_of::<Info>());
    /// `EPOCH_BENCH_IOC_RUN`
    pub const RUN: Number = request_code_readwrite!(IOC_MAGIC, 0x01, size_of::<Run>());
    /// `EPOCH_BENCH_IOC_STOP`
    pub const STOP: Number = request_code_none!(IOC_MAGIC, 0x02);
    /// `EPOCH_BENCH_IOC_COUNTERS`
    pub const COUNTERS: Number = request_code_readwrite!(IOC_MAGIC, 0x03, size_of::<Counters>());
    /// `EPOCH_BENCH_IOC_TRACKER`
    pub const TRACKER: Number = request_code_readwrite!(IOC_MAGIC, 0x04, size_of::<Tracker>());
    /// `EPOCH_BENCH_IOC_SELECT`
    pub const SELECT: Number = request_code_readwrite!(IOC_MAGIC, 0x06, size_of::<Select>());
    /// `EPOCH_BENCH_IOC_HISTOGRAM`
    pub const HISTOGRAM: Number = request_code_readwrite!(IOC_MAGIC, 0x05, size_of::<Histogram>());
}

nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_INFO`
    info,
    ioc::INFO,
    Info
);
nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_RUN`
    run,
    ioc::RUN,
    Run
);
nix::ioctl_none_bad!(
    /// `EPOCH_BENCH_IOC_STOP`
    stop,
    ioc::STOP
);
nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_COUNTERS`
    counters,
    ioc::COUNTERS,
    Counters
);
nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_TRACKER`
    tracker,
    ioc::TRACKER,
    Tracker
);
nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_HISTOGRAM`
    histogram,
    ioc::HISTOGRAM,
    Histogram
);
nix::ioctl_readwrite_bad!(
    /// `EPOCH_BENCH_IOC_SELECT`
    select,
    ioc::SELECT,
    Select
);
