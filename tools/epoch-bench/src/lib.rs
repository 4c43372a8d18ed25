//! The parts of the `epoch-bench` command, as a library for its tests.

#[allow(missing_docs)]
pub mod uapi;

pub mod calibration;
pub mod cli;
pub mod clock;
pub mod command;
pub mod commands;
pub mod compare;
pub mod counters;
pub mod destination;
pub mod device;
pub mod doctor;
pub mod environment;
pub mod error;
pub mod hook;
pub mod hypervisor;
pub mod json;
pub mod latency;
pub mod limits;
pub mod observe;
pub mod orders;
pub mod picture;
pub mod pool;
pub mod progress;
pub mod run;
pub mod sample;
pub mod session;
pub mod shared;
pub mod signals;
pub mod stats;
pub mod summary;
pub mod sweep;
pub mod sysfs;
pub mod table;
pub mod testcase;
pub mod topology;
pub mod torture;
pub mod usl;
