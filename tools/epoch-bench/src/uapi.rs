//! `include/uapi/linux/epoch_bench.h` in Rust; the header has the documentation.
//!
//! A test compiles the header with the system's C compiler and compares every
//! size, offset and number with those here.

use std::mem::size_of;

/// Version of the structures below.
pub const VERSION: u32 = 1;

/// Where the device is.
pub const DEVICE: &str = "/dev/epoch_bench";

/// Length of a tracker's name with its terminating NUL.
pub const NAME_LEN: usize = 16;

/// Workers that may run at the same time.
pub const MAX_WORKERS: u32 = 4096;

/// Longest mapping, in bytes.
pub const MAX_BYTES: u64 = 1 << 40;

/// Length of the mapping in will-it-scale's mmap1, in bytes.
pub const DEFAULT_BYTES: u64 = 128 << 20;

/// First part of the ioctl numbers.
pub const IOC_MAGIC: u8 = 0xEB;

/// `enum epoch_bench_testcase`: map and unmap anonymous memory.
pub const TESTCASE_MMAP1: u32 = 0;
/// `enum epoch_bench_testcase`: start and finish a DI block.
pub const TESTCASE_DI: u32 = 1;

/// `enum epoch_bench_state`: it has not run yet.
pub const STATE_IDLE: u32 = 0;
/// `enum epoch_bench_state`: a thread is inside the run.
pub const STATE_RUNNING: u32 = 1;
/// `enum epoch_bench_state`: the last run has ended.
pub const STATE_DONE: u32 = 2;

/// `struct epoch_bench_info`
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Info {
    pub version: u32,
    pub max_workers: u32,
    pub running: u32,
    pub reserved: u32,
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
}

const _: () = assert!(size_of::<Info>() == 32);
const _: () = assert!(size_of::<Run>() == 48);
const _: () = assert!(size_of::<Counters>() == 24);

/// Numbers of the ioctls.
pub mod ioc {
    use super::{Counters, IOC_MAGIC, Info, Run};
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
